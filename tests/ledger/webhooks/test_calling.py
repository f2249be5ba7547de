"""Nobody leads our calls anywhere but to the public address that they are for."""

import datetime as dt
import ipaddress
import socket
import ssl
import time

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ledger.webhooks import calling
from ledger.webhooks.calling import CallRefused, call, check_url, is_public
from tests.http_server import http_server

REFUSED = {
    "http://example.cn/hooks": "not_https",
    "ftp://example.cn/": "not_https",
    "file:///etc/passwd": "malformed",
    "gopher://127.0.0.1:6379/_FLUSHALL": "not_https",
    "//example.cn/": "not_https",
    "https://": "malformed",
    "": "malformed",
    "https://user:password@example.cn/": "credentials",
    "https://example.cn@evil.example/": "credentials",
    "https://example.cn/#part": "malformed",
    "https://例子.cn/": "malformed",
    "https://example.cn/a b": "malformed",
    "https://example.cn/\r\nHost: evil": "malformed",
    "https://example.cn\\@127.0.0.1/": "malformed",
    "https://example.cn:22/": "port",
    "https://example.cn:6379/": "port",
    "https://example.cn:99999/": "malformed",
    "https://localhost/": "address",
    "https://localhost.:443/": "address",
    "https://redis/": "address",
    "https://db.internal/": "address",
    "https://printer.local/": "address",
    "https://127.0.0.1/": "address",
    "https://10.0.0.1/": "address",
    "https://172.16.0.1/": "address",
    "https://192.168.1.1/": "address",
    "https://100.64.0.1/": "address",
    "https://169.254.169.254/latest/meta-data/": "address",
    "https://100.100.100.200/latest/meta-data/": "address",
    "https://0.0.0.0/": "address",
    "https://255.255.255.255/": "address",
    "https://224.0.0.1/": "address",
    "https://[::1]/": "address",
    "https://[::]/": "address",
    "https://[::ffff:127.0.0.1]/": "address",
    "https://[::ffff:a9fe:a9fe]/": "address",
    "https://[64:ff9b::7f00:1]/": "address",
    "https://[2002:7f00:1::]/": "address",
    "https://[fe80::1]/": "address",
    "https://[fd00:ec2::254]/": "address",
    "https://[ff02::1]/": "address",
    # Ways to write an address that a resolver may understand.
    "https://2130706433/": "address",
    "https://0x7f000001/": "address",
    "https://017700000001/": "address",
    "https://" + "a" * 600 + ".cn/": "malformed",
}
# Written in another way: only who looks them up sees what they are.
LOOKED_UP = ["https://127.1/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.000.000.001/"]


@pytest.mark.parametrize("url", REFUSED)
def test_an_address_that_leads_elsewhere_is_refused(url):
    with pytest.raises(CallRefused) as refusal:
        check_url(url)
    assert refusal.value.code == REFUSED[url]


@pytest.mark.parametrize(
    "url", ["https://example.cn/hooks?a=b", "https://example.cn:8443/", "https://8.8.8.8/", "https://[2400:3200::1]/"]
)
def test_a_public_address_is_taken(url):
    check_url(url)


@pytest.mark.parametrize("url", LOOKED_UP)
def test_an_address_in_disguise_is_refused_when_it_is_looked_up(url):
    answer = call(url, body=b"{}", headers={})
    assert answer.error in ("address", "unknown_host")
    assert answer.status is None


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        ["fe80::1%eth0"],
        ["93.184.216.34", "127.0.0.1"],
        ["2400:3200::1", "::1"],
        ["0.0.0.0"],
        ["64:ff9b::a00:1"],
    ],
)
def test_a_name_that_stands_for_a_private_address_is_refused(addresses, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", _never)
    answer = call("https://rebind.example.cn/", body=b"{}", headers={}, resolve=lambda _host, _port: addresses)
    assert (answer.status, answer.error) == (None, "address")


def _never(*_arguments):
    raise AssertionError("a connection was made")


@pytest.mark.parametrize("failure", [OSError("no such host"), UnicodeError("label too long")])
def test_a_name_that_nobody_knows_is_an_answer_too(failure):
    def resolve(_host, _port):
        raise failure

    assert call("https://example.cn/", body=b"{}", headers={}, resolve=resolve).error == "unknown_host"
    assert call("https://example.cn/", body=b"{}", headers={}, resolve=lambda *_: []).error == "unknown_host"


def test_the_connection_goes_to_the_address_that_was_looked_at(settings, tls, monkeypatch):
    """A name is looked up once: what it stands for a moment later leads nowhere."""
    server, client = tls
    monkeypatch.setattr(calling, "_tls", lambda: client)
    monkeypatch.setattr(calling, "is_public", lambda address: True)
    monkeypatch.setattr(calling, "PORTS", range(1, 65_536))
    lookups = []

    def resolve(host, port):
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["192.0.2.1"]

    with http_server(server) as inbox:
        answer = call(
            f"https://hooks.example.cn:{inbox.port}/in?a=1", body=b'{"a":1}', headers={"x-y": "z"}, resolve=resolve
        )
    assert (answer.status, answer.text, lookups) == (200, "ok", ["hooks.example.cn"])
    (asked,) = inbox.asked
    assert (asked.path, asked.body, asked.headers["x-y"]) == ("/in?a=1", b'{"a":1}', "z")
    assert asked.headers["host"] == f"hooks.example.cn:{inbox.port}"


def test_the_certificate_must_be_good_and_that_of_the_host(settings, tls, monkeypatch):
    server, client = tls
    monkeypatch.setattr(calling, "is_public", lambda address: True)
    monkeypatch.setattr(calling, "PORTS", range(1, 65_536))
    with http_server(server) as inbox:
        address = f":{inbox.port}/"

        def error_of(host):
            return call(f"https://{host}{address}", body=b"", headers={}, resolve=lambda *_: ["127.0.0.1"]).error

        assert error_of("hooks.example.cn") == "tls", "nobody we trust has signed it"
        monkeypatch.setattr(calling, "_tls", lambda: client)
        assert error_of("other.example.cn") == "tls", "it is another's"
        assert inbox.asked == []


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    """Return what a server presents itself by as hooks.example.cn, and what trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example.cn")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.cn")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificate.pem"
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(certificate.public_bytes(encoding) + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cafile=str(pem))
    return server, client


@pytest.fixture
def inbox(settings):
    settings.WEBHOOKS_TO_LOOPBACK = True
    with http_server() as box:
        yield box


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(inbox, status):
    inbox.answer = lambda asked: (status, {"location": inbox.url("/elsewhere")}, b"")
    answer = call(inbox.url(), body=b"{}", headers={})
    assert (answer.status, answer.is_success) == (status, False)
    assert [asked.path for asked in inbox.asked] == ["/hooks"]


def test_of_an_answer_the_first_kilobyte_is_kept(inbox):
    inbox.answer = lambda asked: (500, {}, b"\x00\xff" + b"x" * 1_000_000)
    answer = call(inbox.url(), body=b"{}", headers={})
    assert answer.status == 500
    assert len(answer.text.encode("utf-8", "surrogatepass")) <= 2 * 1_024
    assert "\x00" not in answer.text


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("86401", 86_400),
        ("000000000000000000000000000060", 60),
        ("9" * 90, 86_400),
        ("9" * 5_000, None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣٠", None),
        ("", None),
        ("soon", None),
        ("120, 5", None),
        ("Mon, 30 Nov 2026 04:02:00 GMT", 120),
        ("Monday, 30-Nov-26 04:02:00 GMT", 120),
        ("Mon, 30 Nov 2026 04:02:00", 120),
        ("Mon, 30 Nov 2026 03:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("Mon, 99 Nov 2026 99:99:99 GMT", None),
        ("Mon, 30 Nov 2026 04:02:00 +999999999999", None),
    ],
)
def test_a_rest_is_taken_from_seconds_or_a_date_and_nothing_else(said, seconds):
    with time_machine.travel(dt.datetime(2026, 11, 30, 4, tzinfo=dt.UTC), tick=False):
        assert calling.rest_asked_for(said) == seconds


@pytest.mark.parametrize(("status", "rest"), [(429, 60), (503, 60), (200, None), (500, None), (301, None)])
def test_who_is_busy_may_ask_for_a_rest(inbox, status, rest):
    inbox.answer = lambda asked: (status, {"retry-after": "60"}, b"")
    assert call(inbox.url(), body=b"{}", headers={}).rest_s == rest


def test_an_answer_that_trickles_is_cut_off(inbox, monkeypatch):
    monkeypatch.setattr(calling, "LONGEST_SECONDS", 0.5)
    monkeypatch.setattr(calling, "STEP_SECONDS", 60.0)
    inbox.answer = lambda asked: None

    def trickle(handler):
        for _byte in range(200):
            handler.wfile.write(b"H")
            handler.wfile.flush()
            time.sleep(0.2)

    inbox.instead = trickle
    began = time.monotonic()
    answer = call(inbox.url(), body=b"{}", headers={})
    assert (answer.status, answer.error) == (None, "timeout")
    assert time.monotonic() - began < 30


def test_who_says_nothing_at_all_is_cut_off_in_the_handshake_too(settings, monkeypatch):
    monkeypatch.setattr(calling, "LONGEST_SECONDS", 0.5)
    monkeypatch.setattr(calling, "STEP_SECONDS", 60.0)
    settings.WEBHOOKS_TO_LOOPBACK = True
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        answer = call(f"https://127.0.0.1:{silent.getsockname()[1]}/", body=b"{}", headers={})
    assert (answer.status, answer.error) == (None, "timeout")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 500]
)
def test_an_answer_that_is_none_is_a_failure(inbox, said):
    inbox.answer = lambda asked: None
    inbox.instead = lambda handler: handler.wfile.write(said)
    answer = call(inbox.url(), body=b"{}", headers={})
    assert answer.status is None
    assert answer.error in ("no_connection", "timeout", "tls")


def test_loopback_is_called_only_where_the_operator_says_so(inbox, settings):
    assert call(inbox.url(), body=b"{}", headers={}).status == 200
    settings.WEBHOOKS_TO_LOOPBACK = False
    assert call(inbox.url(), body=b"{}", headers={}).error == "not_https"
    assert len(inbox.asked) == 1


@pytest.mark.parametrize("address", ["8.8.8.8", "2400:3200::1", "::ffff:8.8.8.8"])
def test_what_is_public(address):
    assert is_public(ipaddress.ip_address(address))
