#!/bin/sh
# Makes the certificates of the tests with OpenSSL 3, and keeps no private key. Run by hand when a
# new one is needed: the answers in the tests are about these very certificates.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# name, key, extensions in the syntax of `openssl x509 -extfile` (none: X.509 v1), days
certificate() {
    if [ -e "$1.pem" ]; then return; fi
    days=${4:-3650}
    printf '%b' "$3" > "$scratch/extensions"
    openssl req -new -key "$scratch/$2.key" -subj "/CN=$1" -out "$scratch/request"
    if [ -n "$3" ]; then
        openssl x509 -req -in "$scratch/request" -signkey "$scratch/$2.key" -days "$days" \
            -extfile "$scratch/extensions" -out "$1.pem"
    else
        openssl x509 -req -in "$scratch/request" -signkey "$scratch/$2.key" -days "$days" -out "$1.pem"
    fi
}

for name in acme globex lab; do
    openssl ecparam -name prime256v1 -genkey -noout -out "$scratch/$name.key"
    certificate "$name" "$name" 'basicConstraints=critical,CA:FALSE\n'
done
certificate acme-again acme 'basicConstraints=CA:FALSE\n'
certificate version-1 lab ''
certificate critical-known lab 'keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,clientAuth\n'
certificate critical-unknown lab '1.2.3.4.5=critical,DER:0500\n'
openssl ecparam -name secp384r1 -genkey -noout -out "$scratch/p384.key"
certificate p384 p384 'basicConstraints=CA:FALSE\n'
openssl genpkey -algorithm ED25519 -out "$scratch/ed25519.key"
certificate ed25519 ed25519 'basicConstraints=CA:FALSE\n'
openssl ec -in "$scratch/lab.key" -conv_form compressed -out "$scratch/compressed.key"
certificate compressed compressed 'basicConstraints=CA:FALSE\n'
openssl ecparam -name prime256v1 -genkey -noout -out "$scratch/long-lived.key"
# Beyond 2049 dates have another form (RFC 5280, section 4.1.2.5).
certificate long-lived long-lived 'basicConstraints=CA:FALSE\n' 36500

openssl ecparam -name prime256v1 -genkey -noout -out "$scratch/initech.key"
certificate initech initech 'basicConstraints=critical,CA:FALSE\n'

# One whose time is over, which `openssl x509` does not make.
if [ ! -e expired.pem ]; then
    openssl ecparam -name prime256v1 -genkey -noout -out "$scratch/expired.key"
    openssl req -new -key "$scratch/expired.key" -subj /CN=expired -out "$scratch/request"
    printf 'basicConstraints=critical,CA:FALSE\n' > "$scratch/extensions"
    printf '[ca]\ndefault_ca=x\n[x]\nnew_certs_dir=%s\ndatabase=%s/index\nserial=%s/serial\npolicy=p\n[p]\ncommonName=supplied\n' \
        "$scratch" "$scratch" "$scratch" > "$scratch/ca.conf"
    : > "$scratch/index"
    echo 01 > "$scratch/serial"
    openssl ca -batch -selfsign -config "$scratch/ca.conf" -keyfile "$scratch/expired.key" -md sha256 \
        -startdate 20200101000000Z -enddate 20210101000000Z -extfile "$scratch/extensions" \
        -notext -in "$scratch/request" -out expired.pem
fi

# The authority of a verifier, as a verifier makes it: it issues for isolates alone.
openssl ecparam -name prime256v1 -genkey -noout -out "$scratch/authority.key"
certificate authority authority 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nnameConstraints=critical,permitted;DNS:veracruz.internal\n'

# Public keys by themselves. name, arguments of `openssl genpkey`
public_key() {
    name=$1
    shift
    if [ -e "$name.pub" ]; then return; fi
    openssl genpkey "$@" -out "$scratch/$name.key"
    openssl pkey -in "$scratch/$name.key" -pubout -out "$name.pub"
}

for curve in P-256 P-384 P-521; do
    public_key "key-$curve" -algorithm EC -pkeyopt "ec_paramgen_curve:$curve"
done
public_key key-ed25519 -algorithm ED25519
