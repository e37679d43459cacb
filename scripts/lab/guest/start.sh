#!/bin/sh
# Bring the image into memory and run the laboratory from there: while the emulated processor waits for a real disk, its
# clock, which skips idle time, would run ahead.
set -eu
ram=/run/ram
mkdir -p $ram
mount -t tmpfs -o size=1g ram $ram
mkdir $ram/base $ram/upper $ram/work $ram/root
modprobe -a loop overlay esp4 xfrm_interface sch_netem veth bridge nf_tables nft_chain_nat
dd if=/dev/vda of=$ram/disk bs=4M status=none
mount -o loop,ro $ram/disk $ram/base
mount -t overlay overlay -o lowerdir=$ram/base,upperdir=$ram/upper,workdir=$ram/work $ram/root
for each in dev proc sys sys/fs/cgroup mnt; do
  mkdir -p $ram/root/$each
  mount --bind /$each $ram/root/$each
done
mount -t tmpfs run $ram/root/run
mount -t tmpfs tmp $ram/root/tmp
mkdir -p $ram/root/run/lab/machines/base
mount --bind $ram/base $ram/root/run/lab/machines/base
exec env PYTHONDONTWRITEBYTECODE=1 chroot $ram/root sh -c "cd /mnt && exec ${1:-python3 -m guest /mnt}"
