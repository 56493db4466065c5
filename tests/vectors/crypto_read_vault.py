"""Reads a cleanly closed vault with other people's implementations, from docs/vault-format.md alone.

    pip install argon2-cffi pynacl
    python crypto_read_vault.py VAULT OUTPUT.sqlite      (the passphrase is asked for, or read from a pipe)

Authenticates the header, the tag table from the header down, and each page against it; then writes the plain SQLite
database. It exists to show that the format's description is enough; it is not part of the test suite, and it takes no
care of the secrets it handles.
"""

import getpass
import hashlib
import hmac
import struct
import sys

import nacl.bindings
import nacl.exceptions
from argon2.low_level import Type, hash_secret_raw

UNIT = 4096
GROUP_PAGES = 250
NODE_GROUPS = 250
GROUP_UNITS = 2 + GROUP_PAGES
NODE_UNITS = 2 + NODE_GROUPS * GROUP_UNITS


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


class Vault:
    def __init__(self, path, passphrase):
        self.bytes = open(path, "rb").read()
        copies = [self.bytes[:UNIT], self.bytes[UNIT : 2 * UNIT]]
        whole = [copy for copy in copies if hashlib.sha256(copy[:4032]).digest() == copy[4032:4064]]
        self.header = max(whole, key=lambda copy: struct.unpack("<Q", copy[24:32]))
        assert self.header[:16] == b"finvault\r\n\x1a\n\0\0\0\0" and struct.unpack("<I", self.header[16:20]) == (1,)
        assert struct.unpack("<II", self.header[56:64]) == (GROUP_PAGES, 0), "close the vault cleanly first"
        vault_key = unlock(self.header, passphrase)
        assert hmac_sha256(role_key(vault_key, b"header"), self.header[4032:4064]) == self.header[4064:]
        self.id = self.header[32:48]
        self.count = struct.unpack("<I", self.header[92:96])[0]
        self.page_key = role_key(vault_key, b"page")
        self.table_key = role_key(vault_key, b"tag table")

    def unit(self, number):
        number += number >= 0x40000000 // UNIT
        return self.bytes[number * UNIT : (number + 1) * UNIT]

    def open_unit(self, key, role, position, unit):
        data = associated_data(self.id, role, 0, position)
        return open_sealed(key, data, unit[4056:4080], unit[:4056] + unit[4080:])

    def tags(self, role, position, first_unit, tag):
        """The list of tags that ends in `tag`, from the one of its two slots that counts."""
        for slot in (self.unit(first_unit), self.unit(first_unit + 1)):
            if slot[4080:] == tag:
                try:
                    content = self.open_unit(self.table_key, role, position, slot)
                except nacl.exceptions.CryptoError:
                    continue
                assert content[4000:] == bytes(56)
                return [content[at : at + 16] for at in range(0, 4000, 16)]
        raise SystemExit(f"no slot of list {position} (role {role}) is the one that counts")

    def pages(self):
        """The content of each page, compared with the tag table."""
        for page in range(1, self.count + 1):
            group, within = divmod(page - 1, GROUP_PAGES)
            node, in_node = divmod(group, NODE_GROUPS)
            node_unit = 2 + node * NODE_UNITS
            group_unit = node_unit + 2 + in_node * GROUP_UNITS
            if within == 0 and in_node == 0:
                root = self.header[2304 + 16 * node : 2320 + 16 * node]
                groups = self.tags(8, node, node_unit, root)
            if within == 0:
                tags = self.tags(2, group, group_unit, groups[in_node])
            sealed = self.unit(group_unit + 2 + within)
            assert sealed[4080:] == tags[within], f"page {page} is not the one that the table names"
            yield self.open_unit(self.page_key, 1, page, sealed) + bytes(40)


def main(path, output):
    passphrase = getpass.getpass("passphrase: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    vault = Vault(path, passphrase.encode())
    with open(output, "wb") as database:
        for page in vault.pages():
            database.write(page)
    print(f"{vault.count} pages of vault {vault.id.hex()}, all as the tag table names them")


main(*sys.argv[1:])
