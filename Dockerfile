# Sluice: one image for gateway and worker (ROLE) and for the sandbox (`node dist/sandbox/main.js`). Redis is not in it.

FROM node:20.20.2-bookworm-slim AS build
WORKDIR /sluice
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: npm refuses a lock file that was written where optional packages of other platforms were out of reach.
RUN npm install --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
# Without what is optional nothing is left that was compiled for one platform, nor the compiler that a library could use.
RUN npm run build && npm prune --omit=dev --omit=optional --no-audit --no-fund --ignore-scripts

FROM node:20.20.2-bookworm-slim
# An address beyond the container's own, so that a missing API_KEYS stops the start instead of leaving nobody to be heard.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /sluice
COPY --from=build /sluice/package.json ./
COPY --from=build /sluice/node_modules node_modules
COPY --from=build /sluice/dist dist
COPY lua lua
# The image's user `node`, as a number: Kubernetes can't tell of a name that it isn't root.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1, so that SIGTERM reaches it: it then finishes what is under way (SHUTDOWN_GRACE_MS).
# A larger young generation: docs/decisions/0053-young-generation-of-32-mb.md
CMD ["node", "--enable-source-maps", "--max-semi-space-size=32", "dist/main.js"]
