"""Nothing that is sent to Redis is newer than Redis 6.2: no command, no argument, no function of Lua.

  commands.py PROGRAM PLUGINS

The conformance kit runs against real servers: alone with a replica, behind a sentinel, in a cluster. What the client
sends is heard on its connections, what the scripts call is heard by MONITOR, and all of it is held against COMMAND DOCS
of the servers. That nothing stays unheard is checked by the sources: each command there must have come up.
"""
import contextlib
import pathlib
import re
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAM, PLUGINS = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
SOURCES = pathlib.Path(__file__).resolve().parents[3] / 'plugins'
OLDEST = (6, 2)
PATIENCE = 240

# Of the functions in `redis`, those that 6.2 has. https://redis.io/docs/latest/develop/interact/programmability/lua-api
LUA = set('''call pcall error_reply status_reply sha1hex log LOG_DEBUG LOG_VERBOSE LOG_NOTICE LOG_WARNING setresp set_repl
  replicate_commands REPL_ALL REPL_AOF REPL_SLAVE REPL_REPLICA REPL_NONE breakpoint debug'''.split())
# What COMMAND DOCS says of newer versions that does not concern us: fields more in an answer.
READ = {('cluster|slots', 'Added additional networking metadata field.')}


def newer(version):
    return tuple(map(int, version.split('.')[:2])) > OLDEST


# ---- servers

def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Wire:
    """A connection that speaks the protocol; enough of it."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), PATIENCE)
        self.file = self.socket.makefile('rb')

    def send(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%s\r\n' % (len(w), w) for w in words))

    def read(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b'*':
            return [self.read() for _ in range(int(rest))]
        if kind == b'$':
            return None if rest == b'-1' else self.file.read(int(rest) + 2)[:-2].decode('latin1')
        if kind == b'-':
            raise RuntimeError(rest.decode())
        return rest.decode()

    def ask(self, *words):
        self.send(*words)
        return self.read()

    def close(self):
        self.file.close()
        self.socket.close()


class Server:
    """A redis-server, or a sentinel, in the foreground."""

    def __init__(self, test, *more, program='redis-server', ready='Ready to accept connections'):
        self.port = free_port()
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        words = ['--port', self.port, '--bind', '127.0.0.1', '--dir', folder.name, '--save', '', '--repl-diskless-sync-delay', 0]
        if program == 'redis-sentinel':
            file = pathlib.Path(folder.name, 'sentinel.conf')
            file.write_text(f'port {self.port}\nbind 127.0.0.1\ndir {folder.name}\n' + '\n'.join(more))
            words, more = [file], []
        self.process = subprocess.Popen([program, *map(str, [*words, *more])], stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.end)
        self.said(ready)
        # Whatever else it says is read, so that it never waits for us.
        self.rest = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.rest.start()

    def said(self, text):
        for line in self.process.stdout:
            if text in line:
                return
        raise RuntimeError(f'the server never said: {text}')

    def end(self):
        self.process.kill()
        self.process.wait()
        self.rest.join()
        self.process.stdout.close()

    def ask(self, *words):
        with contextlib.closing(Wire(self.port)) as wire:
            return wire.ask(*words)


# ---- what is sent

class Heard:
    """The commands that came up, as tuples of words. Words that say nothing but a value become equal, so that each
    shape is kept once."""

    def __init__(self):
        self.docs = {}      # name, 'container|name': as COMMAND DOCS has it
        self.tokens = set()
        self.shapes = set()

    def learn(self, server):
        def pairs(flat):
            return dict(zip(flat[::2], flat[1::2]))

        def arguments(list_of):
            out = []
            for flat in list_of:
                a = pairs(flat)
                a['arguments'] = arguments(a.get('arguments', []))
                out.append(a)
                if 'token' in a:
                    self.tokens.add(a['token'].upper())
            return out

        for name, flat in pairs(server.ask('COMMAND', 'DOCS')).items():
            doc = pairs(flat)
            more = pairs(doc.get('subcommands', []))
            for full, d in [(name, doc), *((n, pairs(f)) for n, f in more.items())]:
                d['arguments'] = arguments(d.get('arguments', []))
                self.docs.setdefault(full, d)

    def add(self, words):
        name = words[0].lower()
        rest = list(words[1:])
        if rest and f'{name}|{rest[0].lower()}' in self.docs:
            name = f'{name}|{rest.pop(0).lower()}'

        def shape(w):
            if w.upper() in self.tokens:
                return w.upper()
            return '0' if re.fullmatch(r'\(?-?(\d+(\.\d*)?(e[-+]?\d+)?|inf)|\+inf', w) else '?'
        self.shapes.add((name, *map(shape, rest)))


class Tap(socketserver.ThreadingTCPServer):
    """Passes connections on to a server, and hears what the clients say."""
    daemon_threads = True

    def __init__(self, test, heard, target):
        self.heard, self.target = heard, target
        super().__init__(('127.0.0.1', 0), Passage)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()
        test.addCleanup(self.server_close)
        test.addCleanup(self.shutdown)


class Passage(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        with contextlib.closing(socket.create_connection(('127.0.0.1', self.server.target))) as to:
            to.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            threading.Thread(target=self.back, args=[to], daemon=True).start()
            with contextlib.suppress(OSError, ValueError):
                while line := self.rfile.readline():
                    parts, words = [line], []
                    for _ in range(int(line[1:])):
                        parts.append(self.rfile.readline())
                        parts.append(self.rfile.read(int(parts[-1][1:]) + 2))
                        words.append(parts[-1][:-2].decode('latin1'))
                    self.server.heard.add(words)
                    to.sendall(b''.join(parts))
                to.shutdown(socket.SHUT_WR)

    def back(self, to):
        with contextlib.suppress(OSError):
            while octets := to.recv(1 << 16):
                self.request.sendall(octets)
            self.request.shutdown(socket.SHUT_RDWR)


class Monitor:
    """Hears what scripts call."""

    def __init__(self, heard, server):
        self.wire = Wire(server.port)
        self.wire.ask('MONITOR')
        self.wire.socket.settimeout(None)
        self.heard = heard
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        for line in self.wire.file:
            head, _, words = line.decode('latin1').partition('] ')
            if head.endswith(' lua'):
                self.heard.add(re.findall(r'"((?:[^"\\]|\\.)*)"', words))
            elif '"monitor is done"' in words:
                return

    def end(self, server):
        server.ask('PING', 'monitor is done')
        self.thread.join(PATIENCE)
        self.wire.close()


# ---- what is allowed

def matches(arguments, words, many=True):
    """Whether the words are arguments as documented, of those that 6.2 knows. `many`: repetitions count as known."""
    def wanted(a):
        return 'since' not in a or not newer(a['since'])

    def flags(a):
        return a.get('flags', [])

    def single(a, at):
        """The places behind one occurrence, from one of `at` on."""
        kind = a['type']
        if 'token' in a and (kind == 'pure-token' or 'multiple' not in flags(a) or 'multiple_token' in flags(a)):
            at = behind(a['token'], at)
        if kind == 'pure-token':
            return at
        if kind == 'oneof':
            return set().union(*(occurrences(b, at) for b in a['arguments'] if wanted(b)))
        if kind == 'block':
            return sequence(a['arguments'], at)
        if kind in ('integer', 'double', 'unix-time'):
            return {i + 1 for i in at if i < len(words) and words[i] == '0'}
        return {i + 1 for i in at if i < len(words)}

    def behind(token, at):
        return {i + 1 for i in at if i < len(words) and words[i] == token.upper()}

    def occurrences(a, at):
        if 'token' in a and a['type'] != 'pure-token' and 'multiple' in flags(a) and 'multiple_token' not in flags(a):
            at = behind(a['token'], at)
        out = reached = single(a, at)
        while many and 'multiple' in flags(a) and reached:
            reached = single(a, reached) - out
            out = out | reached
        return out

    def sequence(list_of, at):
        for a in list_of:
            if not wanted(a) and 'optional' not in flags(a):
                return set()
            if option(a):  # those stand in any order
                more = at
                while more:
                    more = set().union(*(occurrences(b, more) for b in list_of if option(b) and wanted(b))) - at
                    at = at | more
            elif wanted(a):
                at = occurrences(a, at) | (at if 'optional' in flags(a) else set())
        return at

    def option(a):
        return 'optional' in flags(a) and ('token' in a or a['type'] == 'oneof')

    return len(words) in sequence(arguments, {0})


def fault(heard, shape):
    """What is wrong with a command that was sent; None: nothing."""
    name, *words = shape
    doc = heard.docs.get(name)
    if not doc:
        return 'is not documented'
    if newer(doc['since']):
        return f'came with {doc["since"]}'
    notes = [text for version, text in doc.get('history', []) if newer(version) and (name, text) not in READ]
    if not matches(doc['arguments'], words, many=not any('multiple' in n for n in notes)):
        return 'has arguments that 6.2 does not know'
    for note in notes:
        options = [t for t in re.findall(r'`([^`]*)`', note)]
        if options and all(t.upper() in words for t in options) or not options and 'multiple' not in note:
            return f'newer versions differ: {note}'
    return None


# ---- what the sources say

def without_comments(lua):
    return re.sub(r'--[^\n]*', '', lua)


def calls(lua):
    """What a script's text calls: the commands that a call may be of, and its options, as far as both are written out."""
    for match in re.finditer(r'\b(?:redis\.p?)?call\(', lua):  # Lua's own pcall is none
        depth, comma = 1, None
        for mark in re.compile(r"'(?:[^'\\]|\\.)*'|[(),]").finditer(lua, match.end()):
            depth += {'(': 1, ')': -1}.get(mark[0], 0)
            end = mark.start()
            if comma is None and (depth == 0 or depth == 1 and mark[0] == ','):
                comma = end
            if depth == 0:
                break

        def quoted(text):
            return re.findall(r"'([A-Za-z]+)'", text)
        yield quoted(lua[match.end():comma]), {w.upper() for w in quoted(lua[comma:end])}


class Commands(unittest.TestCase):
    def setUp(self):
        self.heard = Heard()

    def check(self, plugin, *settings, only=''):
        settings = [*settings, 'rate=5/h', 'burst=3']  # of the limiter
        words = [PROGRAM, 'plugin', 'check', plugin, '--no-bench', '--only=' + only, *('--set=' + s for s in settings)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, env={'PENSTOCK_PLUGIN_PATH': str(PLUGINS)})
        self.assertIn(' 0 failed', done.stdout)

    def alone(self):
        server = Server(self, '--user', 'worker', 'on', '>secret', '~*', '&*', '+@all', '--user', 'default', 'on', 'nopass',
                        '~*', '&*', '+@all')
        self.heard.learn(server)
        Server(self, '--replicaof', '127.0.0.1', server.port, ready='Finished with success')
        monitor = Monitor(self.heard, server)
        tap = Tap(self, self.heard, server.port)
        url = f'url=redis://worker:secret@127.0.0.1:{tap.port}'
        self.check('redis', url + '/1', 'clock=host')
        self.check('redis', url, 'replicas=1', only='enqueue.')
        self.check('redis', url, only='limiter.')
        monitor.end(server)

    def behind_sentinel(self):
        server = Server(self)
        sentinel = Server(self, f'sentinel monitor main 127.0.0.1 {server.port} 1', program='redis-sentinel', ready='+monitor')
        self.heard.learn(sentinel)
        tap = Tap(self, self.heard, sentinel.port)
        self.check('redis', 'master=main', f'sentinels=["127.0.0.1:{tap.port}"]', only='claim.')

    def cluster(self):
        nodes = [Server(self, '--cluster-enabled', 'yes', '--cluster-port', free_port()) for _ in range(2)]
        first, second = nodes
        taps = [Tap(self, self.heard, node.port) for node in nodes]
        for i in range(16384 // 128):
            first.ask('CLUSTER', 'ADDSLOTS', *range(128 * i, 128 * (i + 1)))
        for node, tap in zip(nodes, taps):
            node.ask('CONFIG', 'SET', 'cluster-announce-port', tap.port)
            node.ask('CONFIG', 'SET', 'cluster-require-full-coverage', 'no')
        bus = int(second.ask('CONFIG', 'GET', 'cluster-port')[1])
        first.ask('CLUSTER', 'MEET', '127.0.0.1', taps[1].port, bus)
        while any('cluster_known_nodes:2' not in node.ask('CLUSTER', 'INFO') for node in nodes):
            pass
        while 'cluster_state:ok' not in first.ask('CLUSTER', 'INFO'):
            pass
        where = [f'url=redis://127.0.0.1:{taps[0].port}', 'cluster=true']
        self.check('redis', *where, 'clock=host', only='enqueue.batch')
        # All slots are on their way: what is not here is asked for at the other node.
        ids = [node.ask('CLUSTER', 'MYID') for node in nodes]
        for node, way, other in [(second, 'IMPORTING', ids[0]), (first, 'MIGRATING', ids[1])]:
            with contextlib.closing(Wire(node.port)) as wire:
                for slot in range(16384):
                    wire.send('CLUSTER', 'SETSLOT', slot, way, other)
                for _ in range(16384):
                    wire.read()
        self.check('redis', *where, only='limiter.')
        self.assertIn(('asking',), self.heard.shapes)

    def test_of_6_2_and_older(self):
        self.alone()
        self.behind_sentinel()
        self.cluster()

        wrong = {(shape[0], why) for shape in self.heard.shapes if (why := fault(self.heard, shape))}
        self.assertEqual(wrong, set())

        sent = {}
        for name, *words in self.heard.shapes:
            sent.setdefault(name.partition('|')[0], []).append(set(words))
        for file in sorted(SOURCES.glob('redis*/lua/*.lua')):
            lua = without_comments(file.read_text())
            self.assertLessEqual(set(re.findall(r'\bredis\.(\w+)', lua)), LUA, file.name)
            for names, options in calls(lua):
                names = names or re.findall(r"\{'(\w+)'", lua)  # a list of what is called, in its place
                self.assertNotEqual(names, [], f'{file.name}: a call whose command is not written out')
                options &= self.heard.tokens
                for name in names:
                    self.assertTrue(any(options <= words for words in sent.get(name, [])),
                                    f'{file.name}: {name} {options} has not come up')
        for file in sorted(SOURCES.glob('redis*/*.cpp')):
            if file.name == 'failure.cpp':
                continue  # it lists codes of errors
            for name in re.findall(r'\{"([A-Z]+)"', file.read_text()):
                self.assertTrue(name.lower() in sent, f'{file.name}: {name} has not come up')


class Rules(unittest.TestCase):
    """The test can fail."""

    def test_what_is_newer_is_found(self):
        heard = Heard()
        heard.learn(Server(self))

        def why(*words):
            heard.shapes.clear()
            heard.add(words)
            return fault(heard, *heard.shapes)
        for fine in [('EXPIRE', 'k', '1'), ('SET', 'k', 'v', 'PX', '10', 'NX'), ('HSET', 'k', 'a', 'b', 'c', 'd'), ('PING',),
                     ('ZRANGEBYSCORE', 'k', '-inf', '(5', 'LIMIT', '0', '1'), ('CONFIG', 'GET', 'save'), ('CLUSTER', 'SLOTS')]:
            self.assertIsNone(why(*fine), fine)
        for bad in [('EXPIRE', 'k', '1', 'NX'), ('SET', 'k', 'v', 'NX', 'GET'), ('SINTERCARD', '1', 'k'), ('CLUSTER', 'SHARDS'),
                    ('CONFIG', 'GET', 'save', 'port'), ('SET', 'k'), ('FUNCTION', 'LIST'), ('ZADD', 'k', 'member', '5'),
                    ('NOSUCH',), ('INFO', 'server', 'clients')]:
            self.assertIsNotNone(why(*bad), bad)


if __name__ == '__main__':
    result = unittest.main(argv=sys.argv[:1], exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - bad} passed, {bad} failed')
    sys.exit(bad > 0)
