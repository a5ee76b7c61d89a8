# One image for every part of the hub: server, adapters, witnesses, command line. Built from the hashed lock.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements.lock pyproject.toml LICENSE ./
RUN python -m venv /venv \
 && /venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY hub hub
COPY adapters adapters
COPY schemas schemas
RUN /venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation --editable .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home hub \
 && install --directory --owner hub /registries /var/lib/hub /var/lib/witness /secrets \
    /secrets/hub /secrets/database /secrets/registry-database /secrets/public /secrets/witnesses \
    /secrets/civil-affairs /secrets/land /secrets/marriage /secrets/funeral /secrets/low-income \
    /secrets/audit-office /secrets/archive
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH PYTHONUTF8=1 PYTHONUNBUFFERED=1
USER hub
EXPOSE 8080
ENTRYPOINT ["hub"]
CMD ["serve"]
