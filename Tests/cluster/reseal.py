"""Makes a checkpoint one of another program, with a fitting checksum. usage: reseal.py FILE"""
import hashlib
import struct
import sys

with open(sys.argv[1], "rb") as file:
    content = file.read()
(length,) = struct.unpack_from("<I", content, 12)
header = content[24:24 + length]
changed = header.replace(b"version 1, oneDNN", b"version 0, oneDNN")
if changed == header or len(changed) != length:
    sys.exit(f"{sys.argv[1]}: no program to change in {header[:300]!r}")
content = content[:24] + changed + content[24 + length:-32]
with open(sys.argv[1], "wb") as file:
    file.write(content + hashlib.sha256(content).digest())
