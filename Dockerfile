# The image of every service of docker-compose.yaml: the project with the packages of requirements.lock.
# For a build that can be repeated to the byte, give the base by digest:
#   docker build --build-arg PYTHON_IMAGE=python:3.12-slim-bookworm@sha256:... .
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /build
COPY include/installer.lock requirements.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r installer.lock \
    && /opt/venv/bin/uv pip install --python /opt/venv/bin/python --no-cache --compile-bytecode \
       --require-hashes -r requirements.lock

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 dx && useradd --uid 10001 --gid dx --create-home --shell /usr/sbin/nologin dx
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/dxpipeline
COPY . .
# Volumes that are made new take over the owner of these folders.
RUN /opt/venv/bin/uv pip install --python /opt/venv/bin/python --offline --no-cache --compile-bytecode \
      --no-build-isolation --no-deps --editable . \
    && install --directory --owner=dx --group=dx --mode=750 \
       /srv/dxpipeline/home /srv/dxpipeline/exchange /srv/dxpipeline/archive /srv/dxpipeline/airflow
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUTF8=1 \
    PYTHONUNBUFFERED=1 \
    DX_HOME=/srv/dxpipeline/home \
    DX_EXCHANGE=/srv/dxpipeline/exchange \
    DX_ARCHIVE=/srv/dxpipeline/archive \
    AIRFLOW_HOME=/srv/dxpipeline/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/dxpipeline/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/dxpipeline/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s --retries=5 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/api/v2/monitor/health', timeout=8)"]
CMD ["airflow", "api-server"]
