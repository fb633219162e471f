# One image for every role: `docker build -t greenlight .`
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

COPY LICENSE README.md ./
COPY ratelimit ratelimit
COPY providers providers
COPY bot bot

# Not root: what people upload is read by this user alone.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin greenlight \
    && install --directory --owner=greenlight --group=greenlight --mode=0700 /data
USER greenlight
VOLUME /data

# Whoever answers, lives; python asks itself, for there is no curl in here.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "-m", "bot", "health"]

# SIGTERM drains within 25 seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
