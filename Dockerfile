# The lab in a container. Built and run by buildah on a base of Debian 12 with its own Python 3.11 and torch for CPUs;
# never yet on python:3.11-slim itself, nor with CUDA, nor by the command below.
#
#   docker build -t faceswap_lab .                              # torch as pip brings it: with CUDA on Linux, some gigabytes
#   docker build -t faceswap_lab --build-arg TORCH_INDEX=URL .  # from another index, such as that of torch's builds for CPUs
#   mkdir -p runs experiments                                   # or Docker makes them, and only root can write there
#   docker run --rm --user "$(id -u):$(id -g)" -e HOME=/tmp \
#     -v "$PWD/runs:/work/runs" -v "$PWD/experiments:/work/experiments" faceswap_lab +study=smoke
#
# Without +study=smoke it is the demo; add --gpus all where there is a GPU. Runs and reports are yours, and stay; all
# else that is written, such as rendered faces below HOME, goes with the container.
FROM python:3.11-slim

ARG TORCH_INDEX=""
# libgl1, libglib2.0-0: OpenCV's
RUN apt-get update && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/faceswap_lab
COPY constraints.txt pyproject.toml README.md LICENSE NOTICE.md ./
RUN pip install --no-cache-dir -c constraints.txt torch ${TORCH_INDEX:+--index-url "$TORCH_INDEX"}
COPY conf conf
COPY faceswap_lab faceswap_lab
COPY hydra_plugins hydra_plugins
RUN pip install --no-cache-dir -c constraints.txt ".[parallel]"

RUN useradd --create-home lab && mkdir -p /work/runs /work/experiments && chown -R lab /work
USER lab
WORKDIR /work
ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["python", "-m", "faceswap_lab"]
