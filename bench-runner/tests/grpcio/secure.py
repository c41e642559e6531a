"""Mutual TLS of the programs here, with a folder of certificates as the tests make it."""

import os

import grpc


def read(folder, *names):
    contents = []
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            contents.append(file.read())
    return contents


def listen(server, folder):
    """Listens on a free port, in plaintext where there is no folder: the address."""
    if folder is None:
        return f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    key, certificate, authority = read(folder, "server.key", "server.pem", "ca.pem")
    credentials = grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)
    return f"https://127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"


def channel(address, folder, *options):
    if folder is None:
        return grpc.insecure_channel(address, *options)
    credentials = grpc.ssl_channel_credentials(*read(folder, "ca.pem", "client.key", "client.pem"))
    return grpc.secure_channel(address, credentials, *options)
