# The runtime alone: page and API of `cartoonize-serve`, and `cartoonize`, without PyTorch. See docs/cartoonizer.md.
ARG PYTHON=python:3.12-slim

FROM ${PYTHON} AS build
COPY cartoonizer /source/cartoonizer
# An environment without pip, compiled here: nothing is written when it runs.
RUN python -m venv --without-pip /opt/cartoonizer \
    && python -m pip --python /opt/cartoonizer install --no-cache-dir --compile "/source/cartoonizer[serve,video]"

FROM ${PYTHON}
COPY --from=build /opt/cartoonizer /opt/cartoonizer
ENV PATH=/opt/cartoonizer/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
# Open to other machines, so it wants a token (CARTOONGAN_TOKEN) or `--behind-proxy`.
ENTRYPOINT ["cartoonize-serve", "--host", "0.0.0.0", "--port", "8000"]
