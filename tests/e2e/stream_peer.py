#!/usr/bin/python3
"""stream_peer.py PATH listen|connect ADDRESS MAC [PIECE]: a VM behind a stream socket.

Answers ARP requests and pings for ADDRESS, each frame behind its length, sent in
pieces of PIECE bytes (default: whole). Prints "up" when it has a connection, and
"gone" when the other side hung up; then it ends."""
import socket, struct, sys

path, how, address, mac = sys.argv[1:5]
piece = int(sys.argv[5]) if len(sys.argv) > 5 else 0
ip, mac = socket.inet_aton(address), bytes.fromhex(mac.replace(":", ""))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2]))
    total += data[-1] << 8 if len(data) % 2 else 0
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def answer(frame):
    kind = frame[12:14]
    if kind == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == ip:
        return frame[6:12] + mac + frame[12:20] + b"\0\2" + mac + ip + frame[22:32]
    if kind != b"\x08\x00" or frame[30:34] != ip or frame[23] != 1 or frame[34] != 8:
        return None
    icmp = b"\0\0\0\0" + frame[38 : 14 + struct.unpack("!H", frame[16:18])[0]]
    icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
    return frame[6:12] + mac + frame[12:26] + ip + frame[26:30] + icmp


def serve(peer):
    data = b""
    while True:
        try:
            got = peer.recv(65536)
        except ConnectionResetError:
            got = b""
        if not got:
            return
        data += got
        while len(data) >= 4 and len(data) >= 4 + struct.unpack("!I", data[:4])[0]:
            length = struct.unpack("!I", data[:4])[0]
            back, data = answer(data[4 : 4 + length]), data[4 + length :]
            if not back:
                continue
            back = struct.pack("!I", len(back)) + back
            for at in range(0, len(back), piece or len(back)):
                peer.sendall(back[at : at + (piece or len(back))])


end = socket.socket(socket.AF_UNIX)
if how == "listen":
    end.bind(path)
    end.listen(1)
    peer = end.accept()[0]
else:
    end.connect(path)
    peer = end
print("up", flush=True)
serve(peer)
print("gone", flush=True)
