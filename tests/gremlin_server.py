"""A server that speaks the Gremlin protocol: real traversals of the driver, run by Graphersal.

Graphersal is an engine for Gremlin in the process, from a wheel. This puts the websocket of a
Gremlin Server before it: GraphSON bytecode is written out as a script, and its result goes back as
GraphSON. It is not JanusGraph: neither schema nor indexes nor transactions are tried here.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import graphersal
from aiohttp import WSMsgType, web

_DISCARD = {"none", "discard"}  # what `iterate` ends a traversal with
MOST_BYTES = 65_536  # what JanusGraph's server takes, as it is delivered


@contextmanager
def gremlin_server() -> Iterator[str]:
    """Return the address of a fresh server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    application = web.Application()
    application.router.add_get("/gremlin", _Conversation().answer)
    runner = web.AppRunner(application)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port: int = runner.addresses[0][1]
        return port

    port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield f"ws://127.0.0.1:{port}/gremlin"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Conversation:
    def __init__(self) -> None:
        self._graph = graphersal.Graph()
        self._graph.create_index("by_key", "lineage_key")

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=MOST_BYTES)
        await socket.prepare(request)
        async for message in socket:
            if message.type != WSMsgType.BINARY:
                continue
            asked = json.loads(message.data[1 + message.data[0] :])
            status: dict[str, Any] = {"code": 200, "message": "", "attributes": _map({})}
            try:
                found = self._found(asked["op"], asked["args"]["gremlin"])
            except Exception as error:
                status |= {"code": 500, "message": str(error)}
                found = []
            response = {
                "requestId": asked["requestId"]["@value"],
                "status": status,
                "result": {"data": {"@type": "g:List", "@value": found}, "meta": _map({})},
            }
            await socket.send_bytes(json.dumps(response).encode())
        return socket

    def _found(self, operation: str, gremlin: Any) -> list[Any]:
        if operation == "eval":
            return [_graphson(each) for each in self._graph.execute(gremlin)]
        results = self._graph.execute(_program(gremlin["@value"]["step"])) or []
        bulk = _graphson(1)
        return [
            {"@type": "g:Traverser", "@value": {"bulk": bulk, "value": _graphson(each)}}
            for each in results
        ]


def _map(content: dict[Any, Any]) -> Any:
    flat = [_graphson(part) for item in content.items() for part in item]
    return {"@type": "g:Map", "@value": flat}


def _graphson(value: Any) -> Any:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"@type": "g:Int64", "@value": value}
    if isinstance(value, dict):
        return _map(value)
    if isinstance(value, list):
        return {"@type": "g:List", "@value": [_graphson(each) for each in value]}
    return str(value)


def _program(steps: list[list[Any]]) -> str:
    """Write one statement a step: an expression of hundreds of steps would nest too deeply."""
    lines = ["let t = g;", *(f"t = t{_step(*step)};" for step in steps if step[0] not in _DISCARD)]
    return "\n".join(lines) + ("t.iterate()" if steps[-1][0] in _DISCARD else "t")


def _step(name: str, *arguments: Any) -> str:
    return f".{name}({', '.join(map(_script, arguments))})"


def _script(value: Any) -> str:
    """Spell an argument; text with every character escaped that a script could trip over."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in value) + '"'
    kind, content = value["@type"], value["@value"]
    if kind in {"g:Int32", "g:Int64"}:
        return str(content)
    if kind in {"g:T", "g:Merge", "g:Direction"}:
        return f"{kind[2:]}.{content}"
    if kind == "g:List":
        return f"[{', '.join(map(_script, content))}]"
    if kind == "g:Map":
        pairs = zip(content[::2], content[1::2], strict=True)
        return "#{" + ", ".join(f"{_map_key(key)}: {_script(one)}" for key, one in pairs) + "}"
    if kind == "g:P":
        return f"P.{content['predicate']}({_script(content['value'])})"
    if kind == "g:Bytecode":
        return "__" + "".join(_step(*step) for step in content["step"])
    raise ValueError(kind)


def _map_key(key: Any) -> str:
    return _script(key) if isinstance(key, str) else f'"{_script(key)}"'
