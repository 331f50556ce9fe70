#!/usr/bin/env python3
"""A network of its own: hosts on one Linux machine, joined by links with delay and loss that change while it runs.

    netlab.py NAME HOSTS

makes the network namespaces NAME0, NAME1, ... with the addresses 10.77.0.1, 10.77.0.2, ..., and is the switch between
them: each has one TAP device whose other end is here. Needs root, iproute2 and /dev/net/tun; the kernel's netem is not
needed. Prints "ready". Takes lines such as

    {"delay_ms": 25, "loss": 0.005, "rate_mbit": 10}

from its input: one way, of every link; a packet from host to host crosses two links. The rate is that of a host's way
out, 0 for none. The network ends with the input.
"""
import fcntl
import heapq
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
FRAME_BYTES = 65536
# What waits at a host's way out before more is lost, as in a home router.
QUEUE_BYTES = 256 * 1024
# Frames read from one host before the others get their turn.
BURST = 64


def main():
    name, hosts = sys.argv[1], int(sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    made = []
    try:
        switch = Switch()
        for index in range(hosts):
            run("ip", "netns", "add", f"{name}{index}")
            made.append(f"{name}{index}")
            switch.add_port(open_host(f"{name}{index}", f"10.77.0.{index + 1}/24"))
        print("ready", flush=True)
        switch.forward()
    finally:
        for host in made:
            subprocess.run(["ip", "netns", "del", host], check=False)


def open_host(host, address):
    """Gives the namespace its TAP device. Returns the file that holds the other end."""
    port = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    # The device is made where this process can hold its file, then moved; the file goes on working.
    fcntl.ioctl(port, TUNSETIFF, struct.pack("16sH", host.encode(), IFF_TAP | IFF_NO_PI))
    run("ip", "link", "set", host, "netns", host)
    run("ip", "-n", host, "addr", "add", address, "dev", host)
    for device in ("lo", host):
        run("ip", "-n", host, "link", "set", device, "up")
    run("ip", "-n", host, "route", "add", "default", "dev", host)
    return port


class Switch:
    """Learns which address is behind which port, and holds every frame for its links' delay."""

    def __init__(self):
        self.ports = []
        self.learned = {}
        self.delay_s = 0.0
        self.loss = 0.0
        self.rate = 0.0  # bytes a second
        self.free_at = {}  # port -> when its way out has sent what it holds
        self.queue = []  # heap of (due, order, port, frame)
        self.order = 0
        self.settings = b""

    def add_port(self, port):
        self.ports.append(port)

    def forward(self):
        """Moves frames until the input ends."""
        while True:
            wait = max(0.0, self.queue[0][0] - time.monotonic()) if self.queue else None
            readable, _, _ = select.select([sys.stdin, *self.ports], [], [], wait)
            for source in readable:
                if source is not sys.stdin:
                    self.take(source)
                elif not self.change():
                    return
            self.deliver()

    def take(self, source):
        for _ in range(BURST):
            try:
                frame = os.read(source, FRAME_BYTES)
            except BlockingIOError:
                return
            self.learned[frame[6:12]] = source
            out_at = self.leave(source, len(frame))
            if out_at is None:
                continue
            target = self.learned.get(frame[0:6])
            for port in [target] if target else [port for port in self.ports if port != source]:
                # Out over one link and in over another.
                if random.random() >= self.loss and random.random() >= self.loss:
                    self.order += 1
                    heapq.heappush(self.queue, (out_at + 2 * self.delay_s, self.order, port, frame))

    def leave(self, source, size):
        """When a frame of this size is out of its host, or None where there is no room for it."""
        now = time.monotonic()
        if not self.rate:
            return now
        free_at = max(now, self.free_at.get(source, 0.0))
        if (free_at - now) * self.rate > QUEUE_BYTES:
            return None
        self.free_at[source] = free_at + size / self.rate
        return self.free_at[source]

    def deliver(self):
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, _, port, frame = heapq.heappop(self.queue)
            try:
                os.write(port, frame)
            except OSError:
                pass  # The host's device is full: a lost frame.

    def change(self):
        """Reads settings. Returns whether there may be more."""
        data = os.read(sys.stdin.fileno(), FRAME_BYTES)
        *lines, self.settings = (self.settings + data).split(b"\n")
        for line in lines:
            settings = json.loads(line)
            self.delay_s, self.loss = settings["delay_ms"] / 1000, settings["loss"]
            self.rate = settings["rate_mbit"] * 1e6 / 8
        return len(data) > 0


def run(*command):
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
