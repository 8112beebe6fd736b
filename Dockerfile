# The runtime alone: page and API of `cartoonize-serve`, and `cartoonize`, without PyTorch. See docs/cartoonizer.md.
ARG DEBIAN=debian:bookworm-slim

FROM ${DEBIAN} AS python
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && find /usr/lib/python3* -type d -name __pycache__ -prune -exec rm -r {} +

FROM python AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-pip python3-venv
COPY cartoonizer /source/cartoonizer
# An environment without pip, and without what is only for those who develop its packages.
RUN python3 -m venv --without-pip /opt/cartoonizer \
    && python3 -m pip --python /opt/cartoonizer install --no-cache-dir --no-compile "/source/cartoonizer[serve]" \
    && cd /opt/cartoonizer/lib/python3*/site-packages \
    && find . -type d -name tests -prune -exec rm -r {} + \
    && cd onnxruntime && rm -r datasets quantization tools transformers capi/libonnxruntime.so*

FROM python
COPY --from=build /opt/cartoonizer /opt/cartoonizer
ENV PATH=/opt/cartoonizer/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
# Open to other machines, so it wants a token (CARTOONGAN_TOKEN) or `--behind-proxy`.
ENTRYPOINT ["cartoonize-serve", "--host", "0.0.0.0", "--port", "8000"]
