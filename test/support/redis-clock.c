/*
 * Preloaded into a redis-server: a test sets its wall clock by the file that REDIS_CLOCK names. The file has two integers of 8 bytes: µs, and
 * whether these are added to the real time (1) or replace it (0). The monotonic clock stays real.
 * No header is included, so that a compiler without the system's headers will do.
 */
extern int open(const char *, int, ...);
extern void *mmap(void *, unsigned long, int, int, int, long);
extern char *getenv(const char *);
extern long syscall(long, ...);
extern void *dlsym(void *, const char *);
struct timeval { long sec, usec; };
struct timespec { long sec, nsec; };
#ifdef __aarch64__
#define CLOCK_GETTIME 113
#else
#define CLOCK_GETTIME 228
#endif
#define REALTIME 0
#define REALTIME_COARSE 5

/* The C library's own needs no system call for most clocks. Looking it up may read the time. */
static int real_clock(int id, struct timespec *ts) {
  static int (*real)(int, struct timespec *);
  static int is_looking;
  if (!real && !is_looking) {
    is_looking = 1;
    real = (int (*)(int, struct timespec *)) dlsym((void *) -1, "clock_gettime");
    is_looking = 0;
  }
  return real ? real(id, ts) : (int) syscall(CLOCK_GETTIME, id, ts);
}

static long now(void) {
  static volatile long *file;
  if (!file) file = mmap(0, 16, 1, 1, open(getenv("REDIS_CLOCK"), 0), 0);
  if (!file[1]) return file[0];
  struct timespec real;
  real_clock(REALTIME, &real);
  return file[0] + real.sec * 1000000 + real.nsec / 1000;
}

int clock_gettime(int id, struct timespec *ts) {
  if (id != REALTIME && id != REALTIME_COARSE) return real_clock(id, ts);
  long n = now();
  ts->sec = n / 1000000;
  ts->nsec = n % 1000000 * 1000;
  return 0;
}

int gettimeofday(struct timeval *tv, void *zone) {
  long n = now();
  tv->sec = n / 1000000;
  tv->usec = n % 1000000;
  return 0;
}

long time(long *t) {
  long n = now() / 1000000;
  if (t) *t = n;
  return n;
}
