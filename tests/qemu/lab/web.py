# SPDX-License-Identifier: BSD-2-Clause
"""
The web servers users have, nginx and Apache, in the network namespace of a net.Lan, with configurations, logs and
temporary files of their own. Both offer the same places, each with the files of one directory:

/          as they are: Content-Length, ETag, Last-Modified, Range
/chunked/  length unknown: Transfer-Encoding chunked to who speaks HTTP/1.1
/basic/    for USER with PASSWORD only, RFC 7617
/digest/   the same, RFC 7616 (Apache only; nginx has it not)
/moved/    302 to the same file in /, by a path      /away/   301, by a whole URL
/loop/     302 to itself                             /slow/   SLOW_RATE bytes a second
/busy/     503 with Retry-After: 1

nginx is unpacked into the build directory, as its package would start a service; apache2-bin is only programs.
"""

import base64
import hashlib
import os
import re
import subprocess
from collections import namedtuple

from . import servers

USER, PASSWORD, REALM = 'node', 'pass word', 'lab'
SLOW_RATE = 4 << 20
KINDS = ('nginx', 'apache')
MODULES = '/usr/lib/apache2/modules'

Hit = namedtuple('Hit', 'method path status sent range if_range agent')

# One process: killed, all of it is gone.
NGINX = '''
daemon off;
master_process off;
pid %(dir)s/pid;
error_log %(dir)s/error.log notice;
events { worker_connections 256; }
http {
	log_format hits '"$request" $status $body_bytes_sent "$http_range" "$http_if_range" "$http_user_agent"';
	access_log %(hits)s hits;
	client_body_temp_path %(dir)s/body;
	proxy_temp_path %(dir)s/proxy;
	fastcgi_temp_path %(dir)s/fastcgi;
	uwsgi_temp_path %(dir)s/uwsgi;
	scgi_temp_path %(dir)s/scgi;
	default_type application/octet-stream;
	sendfile on;
	tcp_nopush on;
	server {
		listen %(ip)s:%(port)d;
		root %(root)s;
		absolute_redirect off;
		location /chunked/ { alias %(root)s/; ssi on; ssi_types *; }
		location /basic/ {
			alias %(root)s/;
			auth_basic "%(realm)s";
			auth_basic_user_file %(dir)s/basic;
		}
		location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
		location /away/ { rewrite ^/away/(.*)$ http://%(ip)s:%(port)d/$1 permanent; }
		location /loop/ { rewrite ^ $uri redirect; }
		location /slow/ { alias %(root)s/; limit_rate %(slow)d; }
		location /busy/ { add_header Retry-After 1 always; return 503; }
	}
}
'''

APACHE = '''
ServerRoot %(dir)s
ServerName %(ip)s
Listen %(ip)s:%(port)d
PidFile %(dir)s/pid
DefaultRuntimeDir %(dir)s
Mutex file:%(dir)s default
ErrorLog %(dir)s/error.log
%(modules)s
LogFormat "\\"%%r\\" %%>s %%B \\"%%{Range}i\\" \\"%%{If-Range}i\\" \\"%%{User-Agent}i\\"" hits
CustomLog %(hits)s hits
DocumentRoot %(root)s
EnableSendfile On
FileETag MTime Size
<Directory />
	Require all granted
</Directory>
ScriptAlias /chunked %(dir)s/cat
Alias /basic/ %(root)s/
<Location /basic/>
	AuthType Basic
	AuthName "%(realm)s"
	AuthUserFile %(dir)s/basic
	Require valid-user
</Location>
Alias /digest/ %(root)s/
<Location /digest/>
	AuthType Digest
	AuthName "%(realm)s"
	AuthUserFile %(dir)s/digest
	Require valid-user
</Location>
RedirectMatch 302 ^/moved/(.*)$ /$1
RedirectMatch 301 ^/away/(.*)$ http://%(ip)s:%(port)d/$1
RedirectMatch 302 ^(/loop/.*)$ $1
Alias /slow/ %(root)s/
<Location /slow/>
	SetOutputFilter RATE_LIMIT
	SetEnv rate-limit %(slow_kib)d
</Location>
<Location /busy/>
	Header always set Retry-After 1
</Location>
RedirectMatch 503 ^/busy/
'''

# Of a program's output the length is not known.
APACHE_CAT = '''#!/bin/sh
printf 'Content-Type: application/octet-stream\\r\\n\\r\\n'
exec cat "$PATH_TRANSLATED"
'''

APACHE_MODULES = ('mpm_event', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_basic', 'auth_digest',
                  'alias', 'cgi', 'env', 'headers', 'ratelimit')


class Web:
    """
    One of them, running. kill() ends it without a goodbye, start() lets it come back on the same port; hits() says
    what was asked for.
    """

    def __init__(self, kind, lan, out, cache, root, port=80):
        self.kind = kind
        self.lan = lan
        self.port = port
        self.root = str(root)
        self.dir = os.path.join(out, kind)
        os.makedirs(self.dir, exist_ok=True)
        self.log = os.path.join(self.dir, 'hits')
        self.server = None
        self.env = dict(os.environ, LD_PRELOAD=not_root(cache))
        self._passwords()
        self.args = (self._nginx if kind == 'nginx' else self._apache)(cache)
        self.start()

    def url(self, path):
        return 'http://%s%s/%s' % (self.lan.ip, '' if self.port == 80 else ':%d' % self.port, path.lstrip('/'))

    def _passwords(self):
        basic = '%s:{SHA}%s\n' % (USER, base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode())
        secret = hashlib.md5(('%s:%s:%s' % (USER, REALM, PASSWORD)).encode()).hexdigest()
        for name, text in (('basic', basic), ('digest', '%s:%s:%s\n' % (USER, REALM, secret))):
            with open(os.path.join(self.dir, name), 'w', encoding='ascii') as file:
                file.write(text)

    def _configure(self, template, **more):
        path = os.path.join(self.dir, 'conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(template % {'dir': self.dir, 'hits': self.log, 'ip': self.lan.ip, 'port': self.port,
                                   'root': self.root, 'realm': REALM, 'slow': SLOW_RATE,
                                   'slow_kib': SLOW_RATE >> 10, **more})
        return path

    def _nginx(self, cache):
        return [servers.program('nginx', 'nginx', cache), '-e', 'stderr', '-p', self.dir,
                '-c', self._configure(NGINX)]

    def _apache(self, cache):
        cat = os.path.join(self.dir, 'cat')
        with open(cat, 'w', encoding='ascii') as file:
            file.write(APACHE_CAT)
        os.chmod(cat, 0o755)
        modules = '\n'.join('LoadModule %s_module %s/mod_%s.so' % (name, MODULES, name) for name in APACHE_MODULES)
        return [servers.program('apache2', 'apache2-bin', cache), '-f', self._configure(APACHE, modules=modules),
                '-D', 'FOREGROUND']

    def start(self):
        self.server = servers.Server(self.lan, self.args, os.path.join(self.dir, 'out.log'), self.port, self.env,
                                     table='tcp')

    def kill(self):
        self.server.kill()

    def stop(self):
        self.server.stop()

    def hits(self):
        """Each request that was answered, in the order of their ends."""
        found = []
        with open(self.log, encoding='latin-1') as file:
            for line in file:
                match = re.match(r'"(\S+) (\S+)[^"]*" (\d+) (\d+) "(.*?)" "(.*?)" "(.*?)"$', line.rstrip('\n'))
                if match:
                    method, path, status, sent, *rest = match.groups()
                    found.append(Hit(method, path, int(status), int(sent),
                                     *('' if text == '-' else text.replace('\\x22', '"').replace('\\"', '"')
                                       for text in rest)))
        return found


def not_root(cache):
    """
    A library by which they do not know that they are root: then they neither refuse to run nor want other users, which
    a user namespace does not have.
    """
    library = os.path.join(cache, 'notroot.so')
    if not os.path.exists(library):
        temp = '%s.%d' % (library, os.getpid())
        subprocess.run(['gcc', '-shared', '-fPIC', '-O', '-x', 'c', '-', '-o', temp],
                       input=b'unsigned geteuid(void) { return 1; }\n', check=True, timeout=60)
        os.rename(temp, library)
    return library
