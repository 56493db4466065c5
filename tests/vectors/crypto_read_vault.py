"""Reads a cleanly closed vault with other people's implementations, from docs/vault-format.md alone.

    pip install argon2-cffi pynacl
    python crypto_read_vault.py VAULT OUTPUT.sqlite      (the passphrase is asked for)

Writes the plain SQLite database. It exists to show that the format's description is enough; it is not part of the
test suite, and it takes no care of the secrets it handles.
"""

import getpass
import hashlib
import hmac
import struct
import sys

import nacl.bindings
from argon2.low_level import Type, hash_secret_raw

UNIT = 4096


def hmac_sha256(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def role_key(vault_key, label):
    prk = hmac_sha256(b"finvault vault key v1", vault_key)
    return hmac_sha256(prk, struct.pack(">H", len(label)) + label + b"\x01")


def associated_data(vault_id, role, twin, position, log_id=bytes(16)):
    return vault_id + struct.pack("<IIQ", role, twin, position) + log_id + bytes(16)


def open_sealed(key, data, nonce, sealed):
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, data, nonce, key)


def unlock(header, passphrase):
    slot = header[256:512]
    kind, derivation = slot[0], slot[1]
    memory_kib, passes, lanes = struct.unpack("<III", slot[4:16])
    assert (kind, derivation) == (1, 1), "slot 0 holds no passphrase"
    assert memory_kib <= 4194304 and passes <= 64 and lanes <= 16
    slot_key = hash_secret_raw(passphrase, slot[16:48], passes, memory_kib, lanes, 32, Type.ID, 0x13)
    data = associated_data(header[32:48], 6, 0, 0) + slot[:48]
    return open_sealed(slot_key, data, slot[48:72], slot[72:120])


def pages(vault, vault_id, count, key):
    for page in range(1, count + 1):
        index = page - 1
        unit = 2 + index // 256 * 258 + 2 + index % 256
        unit += unit >= 0x40000000 // UNIT
        sealed = vault[unit * UNIT : (unit + 1) * UNIT]
        data = associated_data(vault_id, 1, 0, page)
        yield open_sealed(key, data, sealed[4056:4080], sealed[:4056] + sealed[4080:]) + bytes(40)


def main(path, output):
    vault = open(path, "rb").read()
    copies = [vault[:UNIT], vault[UNIT : 2 * UNIT]]
    whole = [copy for copy in copies if hashlib.sha256(copy[:4032]).digest() == copy[4032:4064]]
    header = max(whole, key=lambda copy: struct.unpack("<Q", copy[24:32]))
    assert header[:16] == b"finvault\r\n\x1a\n\0\0\0\0" and struct.unpack("<I", header[16:20]) == (1,)
    assert struct.unpack("<I", header[60:64]) == (0,), "a log belongs to this vault; close it cleanly first"
    vault_key = unlock(header, getpass.getpass("passphrase: ").encode())
    assert hmac_sha256(role_key(vault_key, b"header"), header[4032:4064]) == header[4064:]
    count = struct.unpack("<I", header[92:96])[0]
    with open(output, "wb") as database:
        for page in pages(vault, header[32:48], count, role_key(vault_key, b"page")):
            database.write(page)
    print(f"{count} pages of vault {header[32:48].hex()}")


main(*sys.argv[1:])
