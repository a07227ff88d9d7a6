# render on a machine with an NVIDIA GPU: docker build -t render . (--build-arg EXTRA=cuda13 for drivers from 580 on).
# The CUDA libraries come along as Python packages; the machine itself needs its driver and nvidia-container-toolkit.
FROM python:3.12-slim

# ffmpeg makes the films; the rest authors, burns and checks discs.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ffmpeg \
        dvdauthor genisoimage xorriso growisofs dvd+rw-tools eject dvdbackup lsdvd libbluray-bin udftools 7zip make \
    && rm -rf /var/lib/apt/lists/*

ARG EXTRA=cuda12
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY presets presets
COPY scripts/burn scripts/burn
COPY render render
RUN pip install --no-cache-dir ".[$EXTRA]"

# Without `video` the toolkit leaves libnvidia-encode out, and NVENC fails.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,video

# Compiled kernels are kept where any user can write, so that `--user` works too.
ENV XDG_CACHE_HOME=/var/cache/render \
    CUPY_CACHE_DIR=/var/cache/render/cupy
RUN useradd --create-home render \
    && install -d -m 1777 /var/cache/render \
    && install -d -o render -g render /films
USER render
WORKDIR /films
VOLUME /films
ENTRYPOINT ["render"]
CMD ["--help"]
