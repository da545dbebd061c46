#!/bin/sh
# Fetches the guest: Debian's kernel and static busybox, unpacked (nothing is installed) to
# kernels/ARCH/{vmlinuz,config,busybox,version,*.ko}.
#
# usage: prepare.sh [x86_64] [i386] [aarch64]        without arguments: x86_64
#
# Needs apt-get and dpkg with fresh package lists. i386 and aarch64 are foreign architectures to apt on an x86-64
# machine: where they are not known yet they are added, which needs root.
set -eu

# Nothing of a failed run stays: a guest appears under kernels/ whole or not at all.
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "prepare.sh: $*" >&2
  exit 1
}

command -v apt-get > /dev/null && command -v dpkg > /dev/null || fail "needs apt-get and dpkg (Debian or a relative)"
[ $# -gt 0 ] || set -- x86_64

for arch; do
  case $arch in
    x86_64) debian=amd64 meta=linux-image-amd64 ;;
    i386) debian=i386 meta=linux-image-686-pae ;;
    aarch64) debian=arm64 meta=linux-image-arm64 ;;
    *) fail "unknown architecture '$arch': expected x86_64, i386 or aarch64" ;;
  esac
  if [ "$debian" != "$(dpkg --print-architecture)" ] && ! dpkg --print-foreign-architectures | grep -qx "$debian"; then
    dpkg --add-architecture "$debian"
    apt-get update -q || echo "prepare.sh: some package lists are not to be had; going on with the others" >&2
  fi

  kernel=$(apt-cache depends "$meta:$debian" 2> /dev/null | sed -n 's/ *Depends: \(linux-image-.*\)/\1/p' | head -n 1)
  [ -n "$kernel" ] || fail "apt knows no $meta:$debian: run apt-get update first, on a system with Debian's sources"
  case $kernel in *:*) ;; *) kernel=$kernel:$debian ;; esac

  work=$scratch/$arch
  mkdir -p "$work/packages" "$work/guest"
  (cd "$work/packages" && apt-get download -q "$kernel" "busybox-static:$debian")
  for package in "$work"/packages/*.deb; do
    dpkg -x "$package" "$work/tree"
  done
  cp "$work"/tree/boot/vmlinuz-* "$work/guest/vmlinuz"
  cp "$work"/tree/boot/config-* "$work/guest/config"
  busybox=$(find "$work/tree" -path '*/bin/busybox' | head -n 1)
  cp "$busybox" "$work/guest/busybox"
  modules=$(find "$work/tree" -path '*/lib/modules' | head -n 1)
  ls "$modules" > "$work/guest/version"
  for module in zsmalloc zram qemu_fw_cfg; do
    find "$modules" -name "$module.ko" -exec cp {} "$work/guest/" \;
    [ -f "$work/guest/$module.ko" ] || fail "$kernel has no module $module.ko (a compressed one is not understood)"
  done

  mkdir -p kernels
  rm -rf "kernels/$arch"
  mv "$work/guest" "kernels/$arch"
  echo "kernels/$arch: $(cat "kernels/$arch/version")"
done
