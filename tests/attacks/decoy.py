"""A process that stands for everything else on the machine: other people's programs, with secrets and open doors.

It has a canary in its environment, its arguments, its memory and an open file, and answers with one on TCP (IPv4, IPv6), UDP, and UNIX sockets,
in the file system and abstract. Each visit is written down. Run as `python -m tests.attacks.decoy FOLDER NAME CANARY`.
"""

import json
import os
import selectors
import socket
import sys
from pathlib import Path


def main() -> None:
    """Open the doors, say where they are, and answer until the end."""
    folder, name, canary = Path(sys.argv[1]), sys.argv[2], sys.argv[3].encode()
    kept = open(folder / "decoy.txt", "rb")
    doors = selectors.DefaultSelector()

    def open_door(kind: str, family: int, how: int, address: object) -> socket.socket | None:
        door = socket.socket(family, how)
        try:
            door.bind(address)
        except OSError:  # no IPv6 here
            return None
        if how == socket.SOCK_STREAM:
            door.listen(16)
        doors.register(door, selectors.EVENT_READ, kind)
        return door

    tcp = open_door("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
    six = open_door("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)) if socket.has_ipv6 else None
    udp = open_door("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0))
    open_door("abstract", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{name}")
    open_door("unix", socket.AF_UNIX, socket.SOCK_STREAM, str(folder / "decoy.sock"))
    os.chmod(folder / "decoy.sock", 0o777)
    ports = {"PORT": tcp, "PORT6": six, "UDP": udp}
    where = {key: str(door.getsockname()[1]) if door else "1" for key, door in ports.items()}
    print(json.dumps({**where, "FD": str(kept.fileno()), "PID": str(os.getpid())}), flush=True)
    while True:
        for key, _ in doors.select():
            door: socket.socket = key.fileobj  # type: ignore[assignment]
            with open(folder / "visits.txt", "a", encoding="utf-8") as visits:
                print(key.data, file=visits)
            try:
                if door.type == socket.SOCK_STREAM:
                    with door.accept()[0] as guest:
                        guest.sendall(canary)
                else:
                    door.sendto(canary, door.recvfrom(65536)[1])
            except OSError:
                continue


if __name__ == "__main__":
    main()
