#!/bin/sh
# Starts Postfix and Dovecot from Debian, fresh, on loopback: start-mail.sh DIR [--rt-url URL] [--rt-queue NAME]
#
# Everything is written below DIR (at most 70 characters: there are UNIX sockets in it). When all ports answer, DIR/mail.json
# names them and "READY" is printed. Ends, with both servers, on SIGTERM or when its standard input closes. Needs root.
#
#   smtp        no login, STARTTLS offered         small    like smtp, at most 100,000 bytes
#   submission  STARTTLS and login required        defer    every recipient gets 450
#   smtps       TLS from the first byte, login     reject   every recipient gets 554
#   picky       like smtp; 554 at the end of a message that holds /etc/passwd, <script> or ${jndi:
#   imap        STARTTLS offered
# Mailboxes at exhibit.test: soc analyst connector rt rt-comment. At this domain defer@ gets 450, greylist@ 451, reject@ 550,
# over@ 552, any other name 550. With --rt-url mail for rt@ goes to Request Tracker through rt-mailgate.
# Exit 77: the servers cannot be had here.
set -eu
usage() { echo "usage: start-mail.sh DIR [--rt-url URL] [--rt-queue NAME]" >&2; exit 64; }
[ $# -ge 1 ] || usage
dir=$1 rt_url="" rt_queue=Incidents
shift
while [ $# -ge 2 ]; do
  case "$1" in
    --rt-url) rt_url=$2 ;;
    --rt-queue) rt_queue=$2 ;;
    *) usage ;;
  esac
  shift 2
done
skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "Postfix and Dovecot need root"
command -v python3 >/dev/null && command -v openssl >/dev/null || skip "python3 and openssl are needed"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
. "$(dirname "$0")/../packages.sh"
gate_package=""
[ -z "$rt_url" ] || gate_package=rt5-clients
mailer='postfix postfix/main_mailer_type select No configuration'
all_installed postfix || echo "$mailer" | debconf-set-selections 2>/dev/null || true
need_packages "$dir/apt.log" postfix dovecot-core dovecot-imapd dovecot-lmtpd $gate_package ||
  skip "Postfix and Dovecot are not installed and cannot be: see $dir/apt.log"
[ ${#dir} -le 70 ] || { echo "start-mail: DIR is too long" >&2; exit 64; }
mkdir -p "$dir/postfix/etc" "$dir/postfix/queue" "$dir/postfix/data" "$dir/dovecot/run" "$dir/mail" "$dir/tls"
chmod o+x "$dir"
chown postfix: "$dir/postfix/data"
chown mail: "$dir/mail"

set -- $(python3 -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(8)]
print(*(one.getsockname()[1] for one in held))')
smtp=$1 submission=$2 smtps=$3 small=$4 defer=$5 reject=$6 imap=$7 picky=$8
password=$(openssl rand -hex 12)

certificates() {
  cd "$dir/tls"
  new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
  openssl req -x509 $new -keyout ca.key -out ca.pem -subj '/CN=exhibit test authority' -addext basicConstraints=critical,CA:TRUE
  openssl req -x509 $new -keyout other.key -out other.pem -subj '/CN=another authority' -addext basicConstraints=critical,CA:TRUE
  openssl req $new -keyout server.key -out server.csr -subj '/CN=mail.exhibit.test'
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >names
  openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out server.pem
}
(certificates) >"$dir/tls/log" 2>&1

# A token that Dovecot checks by itself, signed with a key beside it: XOAUTH2 without a provider of identities.
mkdir -p "$dir/dovecot/keys/default/HS256"
token=$(python3 - "$dir/dovecot/keys/default/HS256/default" <<'PY'
import base64, hashlib, hmac, json, os, sys, time
key = os.urandom(48)
open(sys.argv[1], "w").write(base64.b64encode(key).decode())
part = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
now = int(time.time())
claims = {"sub": "connector@exhibit.test", "email": "connector@exhibit.test", "iat": now, "nbf": now - 60, "exp": now + 86400}
text = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims).encode())
print((text + b"." + part(hmac.new(key, text, hashlib.sha256).digest())).decode())
PY
)
for name in soc analyst connector rt rt-comment; do
  echo "$name@exhibit.test:{PLAIN}$password:$(id -u mail):$(id -g mail)::$dir/mail/$name::" >>"$dir/dovecot/users"
  echo "$name@exhibit.test $name/" >>"$dir/postfix/etc/mailboxes"
done
cat >"$dir/dovecot/oauth2.conf" <<CONF
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=$dir/dovecot/keys/
username_attribute = email
CONF
cat >"$dir/dovecot/dovecot.conf" <<CONF
base_dir = $dir/dovecot/run
state_dir = $dir/dovecot/run
log_path = $dir/dovecot/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <$dir/tls/server.pem
ssl_key = <$dir/tls/server.key
disable_plaintext_auth = yes
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
mail_location = maildir:$dir/mail/%n
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = $dir/dovecot/oauth2.conf
}
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = $dir/dovecot/users
}
userdb {
  driver = passwd-file
  args = $dir/dovecot/users
}
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = 0
  }
}
service lmtp {
  unix_listener $dir/postfix/queue/private/dovecot-lmtp {
    mode = 0660
    user = postfix
    group = postfix
  }
}
service auth {
  unix_listener $dir/postfix/queue/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
CONF

cat >"$dir/postfix/etc/recipients" <<CONF
defer@exhibit.test    450 4.2.1 mailbox is busy, try again later
greylist@exhibit.test 451 4.7.1 greylisted, try again later
reject@exhibit.test   550 5.7.1 this recipient does not want your mail
over@exhibit.test     552 5.2.2 mailbox is over its quota
CONF
for name in defer greylist reject over; do echo "$name@exhibit.test $name/" >>"$dir/postfix/etc/mailboxes"; done
printf '/(\\/etc\\/passwd|<script>|\\$\\{jndi:)/ REJECT 5.7.1 a firewall dislikes this content\n' >"$dir/postfix/etc/body"
: >"$dir/postfix/etc/transport"
[ -z "$rt_url" ] || printf 'rt@exhibit.test rtcorrespond:\nrt-comment@exhibit.test rtcomment:\n' >"$dir/postfix/etc/transport"
cat >"$dir/postfix/etc/main.cf" <<CONF
compatibility_level = 3.6
config_directory = $dir/postfix/etc
queue_directory = $dir/postfix/queue
data_directory = $dir/postfix/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
meta_directory = /etc/postfix
maillog_file = $dir/postfix/mail.log
maillog_file_prefixes = $dir
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.exhibit.test
mydestination =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = exhibit.test
virtual_mailbox_maps = texthash:$dir/postfix/etc/mailboxes
virtual_transport = lmtp:unix:private/dovecot-lmtp
transport_maps = texthash:$dir/postfix/etc/transport
# Nothing ever leaves this machine.
default_transport = error:5.7.1 this test server relays nothing
message_size_limit = 20971520
virtual_mailbox_limit = 0
mailbox_size_limit = 0
smtpd_tls_security_level = may
smtpd_tls_cert_file = $dir/tls/server.pem
smtpd_tls_key_file = $dir/tls/server.key
smtpd_tls_received_header = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_recipient_restrictions = check_recipient_access texthash:$dir/postfix/etc/recipients, reject_unauth_destination
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
CONF
login="-o smtpd_sasl_auth_enable=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject -o smtpd_delay_reject=yes"
gate="pipe flags=FR user=nobody argv=/usr/bin/rt-mailgate-5 --queue $rt_queue --url ${rt_url:-http://127.0.0.1:9} --timeout 60"
cat >"$dir/postfix/etc/master.cf" <<CONF
127.0.0.1:$smtp   inet n - n - - smtpd
127.0.0.1:$submission inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_tls_auth_only=yes $login
127.0.0.1:$smtps  inet n - n - - smtpd -o smtpd_tls_wrappermode=yes $login
127.0.0.1:$small  inet n - n - - smtpd -o message_size_limit=100000
127.0.0.1:$defer  inet n - n - - smtpd -o smtpd_recipient_restrictions=defer
127.0.0.1:$reject inet n - n - - smtpd -o smtpd_recipient_restrictions=reject
127.0.0.1:$picky  inet n - n - - smtpd -o cleanup_service_name=picky
cleanup   unix n - n - 0 cleanup
picky     unix n - n - 0 cleanup -o body_checks=regexp:$dir/postfix/etc/body
qmgr      unix n - n 5 1 qmgr
pickup    unix n - n 60 1 pickup
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
postlog   unix-dgram n - n - 1 postlogd
rtcorrespond unix - n n - 2 $gate --action correspond
rtcomment unix - n n - 2 $gate --action comment
CONF

# By their ids, since the folder may be gone by then.
dovecot="" postfix=""
stop() {
  trap - TERM INT EXIT
  postfix -c "$dir/postfix/etc" stop >/dev/null 2>&1 || true
  [ -z "$dovecot" ] || { kill "$dovecot" 2>/dev/null || true; wait "$dovecot" 2>/dev/null || true; }
  [ -z "$postfix" ] || kill "$postfix" 2>/dev/null || true
  exit "${1:-0}"
}
trap 'stop 0' TERM INT
trap 'stop $?' EXIT
show() { cat "$@" >&2; exit 70; }
postfix -c "$dir/postfix/etc" start >"$dir/postfix/start" 2>&1 || show "$dir/postfix/start"
dovecot -F -c "$dir/dovecot/dovecot.conf" >"$dir/dovecot/start" 2>&1 </dev/null &
dovecot=$!
postfix=$(tr -d ' ' <"$dir/postfix/queue/pid/master.pid")
python3 - $smtp $submission $smtps $small $defer $reject $imap $picky <<'PY' || show "$dir/postfix/start"
import socket, sys, time
end = time.monotonic() + 30
for port in map(int, sys.argv[1:]):
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            break
        except OSError:
            if time.monotonic() > end:
                sys.exit(f"port {port} does not answer")
            time.sleep(0.05)
PY
( umask 077; cat >"$dir/mail.json" <<JSON
{"smtp": $smtp, "submission": $submission, "smtps": $smtps, "small": $small, "defer": $defer, "reject": $reject,
 "picky": $picky, "imap": $imap, "ca": "$dir/tls/ca.pem", "other_ca": "$dir/tls/other.pem", "maildir": "$dir/mail",
 "user": "connector@exhibit.test", "password": "$password", "token": "$token"}
JSON
)
echo "READY $dir/mail.json"
read -r _ || true
