# Build: the dashboard, the bundled server and the production dependencies. Nothing of this stage but its results is kept.
FROM node:24-slim AS build
WORKDIR /ava
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
ARG COMMIT=unknown
RUN npx vite build --config src/web/vite.config.ts \
 && npx vite build --config bin/server.vite.config.mjs \
 && npm prune --omit=dev --omit=optional \
 && echo "$COMMIT" > COMMIT \
 && rm -rf test bench src/web .git

# Run: Node.js, the server as bundle and as sources (types are stripped by Node.js), and the dashboard, as a user without rights.
FROM node:24-slim
ENV NODE_ENV=production AVA_ENV=production
WORKDIR /ava
COPY --from=build --chown=root:root /ava /ava
RUN mkdir -p /var/lib/ava && chown node:node /var/lib/ava
ENV AVA_DATA_DIR=/var/lib/ava
# What Node.js compiled once: where /var/lib/ava is kept, the next start is faster.
ENV NODE_COMPILE_CACHE=/var/lib/ava/compile-cache
# Room for young objects, and one place for the memory of all threads, as in bin/bootstrap/run-child.mjs.
ENV NODE_OPTIONS=--max-semi-space-size=16
ENV MALLOC_ARENA_MAX=1
USER node
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8000) + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/server/ava.js", "serve"]
