"""An origin that needs 100 ms for every answer, and counts them."""

import asyncio

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\nCache-Control: max-age=3600\r\n\r\n"


class Slow(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        for _ in range(data.count(b"\r\n\r\n")):
            asyncio.get_running_loop().call_later(0.1, self.transport.write, HEAD + b"x" * 1024)


async def main(port):
    server = await asyncio.get_running_loop().create_server(Slow, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    import sys

    asyncio.run(main(int(sys.argv[1])))
