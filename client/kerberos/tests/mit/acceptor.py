"""MIT's libgssapi as a SASL/GSSAPI service (RFC 4752). acceptor.py SERVICE@HOST SEALS(0|1) LAYERS(1..7); prints its port."""

import socket
import struct
import sys

import gssapi

name = gssapi.Name(sys.argv[1], gssapi.NameType.hostbased_service)
credentials = gssapi.Credentials(name=name, usage="accept")
seals = sys.argv[2] == "1"
layers = int(sys.argv[3])
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(5)
print(listener.getsockname()[1], flush=True)


def receive(connection):
    (length,) = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))
    return connection.recv(length, socket.MSG_WAITALL) if length else b""


def send(connection, done, words):
    connection.sendall(bytes([done]) + struct.pack(">I", len(words)) + words)


def serve(connection):
    context = gssapi.SecurityContext(creds=credentials, usage="accept")
    try:
        token = context.step(receive(connection))
    except gssapi.exceptions.GSSError as error:
        # Its KRB-ERROR goes to the client.
        return send(connection, 0, error.token or b"")
    send(connection, 0, token or b"")
    assert receive(connection) == b""
    send(connection, 0, context.wrap(bytes([layers, 0, 16, 0]), seals).message)
    choice = context.unwrap(receive(connection))
    assert choice.message == bytes([1, 0, 0, 0]), choice.message
    send(connection, 1, ("mit ok " + str(context.initiator_name)).encode())


while True:
    accepted, _ = listener.accept()
    with accepted:
        try:
            serve(accepted)
        except (struct.error, ConnectionError):
            pass  # the client has left: it was refused, or wants none of the layers
