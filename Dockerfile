# One image for gateway and worker (ROLE) and for the sandbox (`node dist/sandbox/main.js`). It does not contain Redis.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /sluice
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
# Without optional packages the image has no native modules and no compiler.
RUN npm run build && npm prune --omit=dev --omit=optional --no-audit --no-fund --ignore-scripts

FROM node:24.21.0-bookworm-slim
# A non-loopback address, so that missing API_KEYS stop the start.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /sluice
COPY --from=build /sluice/package.json ./
COPY --from=build /sluice/node_modules node_modules
COPY --from=build /sluice/dist dist
COPY lua lua
# User `node` as a number: with a name, Kubernetes cannot verify that it is not root.
USER 1000:1000
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1, so that it receives SIGTERM and shuts down gracefully (SHUTDOWN_GRACE_MS).
# A larger young generation: docs/decisions/0053-young-generation-of-32-mb.md
CMD ["node", "--enable-source-maps", "--max-semi-space-size=32", "dist/main.js"]
