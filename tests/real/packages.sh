# Debian packages for the real systems; read by the start scripts.

all_installed() {
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || return 1
  done
}

# need_packages LOG PACKAGE...: installs what is missing, as root only.
need_packages() {
  log=$1
  shift
  all_installed "$@" && return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >"$log" || return 1
  export DEBIAN_FRONTEND=noninteractive
  # RT asks for something that sends mail; it is told to send none, and configures itself for none.
  mailer=
  case " $* " in *" request-tracker5 "*)
    dpkg-query -W -f '${Provides} ${db:Status-Status}\n' 2>/dev/null | grep -q 'mail-transport-agent.* installed' || mailer=postfix ;;
  esac
  if [ -n "$mailer" ]; then echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections || true; fi
  apt-get update -q >>"$log" 2>&1 || true
  apt-get install -y -q -o DPkg::Lock::Timeout=600 --no-install-recommends $mailer "$@" >>"$log" 2>&1
}

# What an interrupted installation left.
finish_packages() { apt-get install -y -q -f -o DPkg::Lock::Timeout=600 >>"$1" 2>&1 || true; }
