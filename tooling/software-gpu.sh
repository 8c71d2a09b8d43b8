#!/usr/bin/env bash
# A software GPU with shader-f16, subgroups and subgroup matrices, to test WebGPU kernels without a GPU: lavapipe from
# Mesa in Debian trixie-backports, under its own loader and C library, in one folder. Needs apt (Debian, x64), not root.
#
#   tooling/software-gpu.sh install       once; about 300 MB
#   tooling/software-gpu.sh run COMMAND   runs a Node program (node, npx, npm) with it
#
# The folder is ~/.cache/swat-software-gpu, or SOFTWARE_GPU_DIR.
set -euo pipefail
dir=${SOFTWARE_GPU_DIR:-$HOME/.cache/swat-software-gpu}
libraries=$dir/root/usr/lib/x86_64-linux-gnu

install() {
  if [ -e "$dir/installed" ]; then
    echo "already there: $dir"
    return
  fi
  local mirror
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | awk '!/security/ && !n++')
  if [ -z "$mirror" ]; then
    echo "software-gpu: apt knows no Debian mirror; run 'apt-get update' first" >&2
    exit 1
  fi
  rm -rf "$dir"
  mkdir -p "$dir"/{bin,root,state/lists/partial,cache/archives/partial}
  touch "$dir/status"
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  printf "deb [signed-by=$keyring] $mirror %s main\n" trixie trixie-backports >"$dir/sources.list"
  local apt=(
    apt-get -qq -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State="$dir/state"
    -o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache" -o Dir::Log="$dir" -o Debug::NoLocking=true
    -o APT::Sandbox::User="$(id -un)"
  )
  "${apt[@]}" update
  "${apt[@]}" install --yes --download-only --no-install-recommends -t trixie-backports \
    mesa-vulkan-drivers libvulkan1 libstdc++6
  for package in "$dir"/cache/archives/*.deb; do dpkg-deb --extract "$package" "$dir/root"; done
  rm -rf "$dir/cache" "$dir/state"

  printf '{"ICD":{"api_version":"1.4.0","library_path":"%s"},"file_format_version":"1.0.0"}\n' \
    "$libraries/libvulkan_lvp.so" >"$dir/lavapipe.json"
  # the processes that Node starts in its turn run under the same loader
  printf 'process.execPath = "%s"\n' "$dir/bin/node" >"$dir/exec-path.cjs"
  touch "$dir/installed"
  echo "installed: $dir"
}

run() {
  if [ ! -e "$dir/installed" ]; then
    echo "software-gpu: not installed in $dir; run 'tooling/software-gpu.sh install' first" >&2
    exit 1
  fi
  local node
  node=$(readlink -f "$(command -v node)")
  printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' \
    "$libraries/ld-linux-x86-64.so.2" "$libraries" "$node" >"$dir/bin/node"
  chmod +x "$dir/bin/node"
  unset VK_DRIVER_FILES LD_LIBRARY_PATH
  export VK_ICD_FILENAMES="$dir/lavapipe.json" XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/tmp} PATH="$dir/bin:$PATH"
  export NODE_OPTIONS="--require=$dir/exec-path.cjs ${NODE_OPTIONS:-}"
  exec "$@"
}

case "${1:-}" in
install) install ;;
run) shift && run "$@" ;;
*) sed -n '2,8p' "$0" && exit 2 ;;
esac
