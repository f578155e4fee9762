# mmcnx2 on a GPU or a CPU, without root and without a compiler:
#   docker build -t mmcnx2 .
#   docker run --rm --gpus all --ipc host -v "$PWD:/data" mmcnx2 pretrain photos/ --out runs/pre
# torch's wheels bring CUDA's libraries; the base brings what asks for the driver.
FROM nvidia/cuda:13.0.1-base-ubuntu24.04 AS base
ENV PYTHONUNBUFFERED=1 PATH=/opt/mmcnx2/bin:$PATH

# Ubuntu's Python follows its security updates: a pinned number would be gone tomorrow.
# PACKAGES="gcc python3-dev" lets Triton compile its kernels; without, plain torch computes on a GPU.
ARG PACKAGES=""
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv libglib2.0-0t64 $PACKAGES \
    && rm -rf /var/lib/apt/lists/*

# What is installed changes seldom, the source often.
FROM base AS build
WORKDIR /source
COPY requirements.txt ./
RUN python3 -m venv /opt/mmcnx2 \
    && sed 's/^opencv-python==/opencv-python-headless==/' requirements.txt > headless.txt \
    && pip install --no-cache-dir --no-deps wheel==0.48.0 setuptools==81.0.0 \
    && pip install --no-cache-dir -r headless.txt \
    && if pip uninstall -y opencv-python; then \
         pip install --no-cache-dir --no-deps --force-reinstall \
           "$(sed -n 's/^\(opencv-python-headless==[0-9.]*\).*/\1/p' headless.txt)"; \
       fi
COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

FROM base
COPY --from=build /opt/mmcnx2 /opt/mmcnx2
# Caches of weights and of compiled kernels; `--user $(id -u)` writes into /data as whoever calls.
RUN useradd --uid 10001 --create-home mmcnx2 \
    && mkdir -p /data /cache && chown mmcnx2 /data && chmod 1777 /cache
ENV HOME=/cache TORCH_HOME=/cache/torch XDG_CACHE_HOME=/cache NUMBA_CACHE_DIR=/cache/numba \
    TRITON_CACHE_DIR=/cache/triton MPLCONFIGDIR=/cache/matplotlib
USER 10001
WORKDIR /data
ENTRYPOINT ["mmcnx2"]
CMD ["--help"]
