"""Nobody talks to the board but its own page: tokens, hosts, origins, paths."""

import pytest
from reference.web_client import HOST, TAB, TOKEN, open_page
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect


def test_the_page_and_its_parts_come_with_strict_headers(client: TestClient) -> None:
    for part in ("", "main.js", "board.css", "icon.svg"):
        answer = client.get(f"/{TOKEN}/{part}")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_page_has_no_style_or_script_of_its_own(client: TestClient) -> None:
    text = client.get(f"/{TOKEN}/").text
    assert "style=" not in text
    assert "<style" not in text
    assert " on" not in [part[:3] for part in text.split("<")]
    assert text.count("<script") == 1
    assert '<script type="module" src="main.js"></script>' in text


@pytest.mark.parametrize("path", ["/", "/wrong-token-here/", f"/{TOKEN}x/", "/socket", "/main.js"])
def test_without_the_token_there_is_nothing(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "address" in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4242", "127.0.0.1:1", "", "localhost"]
)
def test_a_strange_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get(f"/{TOKEN}/", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"https://{HOST}", "file://"])
def test_a_strange_origin_is_refused(client: TestClient, origin: str) -> None:
    assert client.get(f"/{TOKEN}/", headers={"origin": origin}).status_code == 403
    with pytest.raises(WebSocketDisconnect):
        connect(client, f"/{TOKEN}/socket?tab={TAB}", origin)


def connect(client: TestClient, path: str, origin: str | None) -> None:
    """Open a WebSocket and hear the first message."""
    headers = {"host": HOST} | ({} if origin is None else {"origin": origin})
    with client.websocket_connect(path, headers=headers) as session:
        session.receive_text()


def test_a_socket_needs_token_and_origin(client: TestClient) -> None:
    own = f"http://{HOST}"
    for path, origin in (
        (f"/{TOKEN}/socket?tab={TAB}", None),
        (f"/wrong-token-here/socket?tab={TAB}", own),
        (f"/{TOKEN}/other?tab={TAB}", own),
        (f"/{TOKEN}/socket?tab=../../etc/passwd", own),
        (f"/{TOKEN}/socket", own),
    ):
        with pytest.raises(WebSocketDisconnect):
            connect(client, path, origin)
    connect(client, f"/{TOKEN}/socket?tab={TAB}", own)


@pytest.mark.parametrize(
    "path",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/guard.py",
        "%2e%2e%2f%2e%2e%2f__init__.py",
        "//etc/passwd",
    ],
)
def test_no_path_leads_outside(client: TestClient, path: str) -> None:
    answer = client.get(f"/{TOKEN}/{path}")
    assert answer.status_code in (400, 404)
    assert '"""' not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_sent_but_through_the_socket(client: TestClient, method: str) -> None:
    assert client.request(method, f"/{TOKEN}/").status_code == 405


def test_no_more_pages_than_fit(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gopolicy.web.app.MAX_TABS", 2)
    with open_page(client, TAB + "1") as one, open_page(client, TAB + "2") as two:
        one.hear("position")
        two.hear("position")
        with pytest.raises(WebSocketDisconnect) as refused, open_page(client, TAB + "3") as three:
            three.hear("position")
        assert refused.value.code == 4001
