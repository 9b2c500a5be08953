#!/usr/bin/env bash
# What the fuzz targets `stores` and `der` begin with, made of what make.sh made; stores with few rounds of hashing, since
# a fuzzer has no time for many.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
corpus=../../../../fuzz/corpus
rm -rf $corpus/stores $corpus/der
mkdir -p $corpus/stores $corpus/der
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The first byte: '0' without a password, '1' with it.
input() { (printf '%s' "$1" && cat "$2") >"$corpus/stores/$3"; }
for store in keytool-trust.jks keytool-two-passwords.jks keytool17-open-trust.p12 openssl3-open.p12; do
    input 0 stores/$store ${store%.*}-unchecked
done
input 1 stores/keytool-trust.jks keytool-trust
input 1 stores/keytool.jks keytool
few=(-export -inkey pki/client.key -in pki/client.pem -name mine -iter 50 -passout pass:store-secret)
openssl pkcs12 "${few[@]}" -out "$work/pbes2.p12"
openssl pkcs12 "${few[@]}" -legacy -out "$work/legacy.p12"
openssl pkcs12 "${few[@]}" -nomac -out "$work/nomac.p12"
for store in pbes2 legacy nomac; do input 1 "$work/$store.p12" $store; done
input 0 pki/client-rsa-chain.pem chain
for old in PBE-SHA1-3DES PBE-SHA1-RC2-40 PBE-MD5-DES; do
    openssl pkcs8 -provider legacy -provider default -topk8 -in pki/client.key -v1 $old -iter 20 -passout pass:store-secret -out "$work/key.pem"
    input 1 "$work/key.pem" key-$old
done
openssl pkcs8 -topk8 -in pki/client.key -iter 20 -passout pass:store-secret -out "$work/key.pem"
cat pki/client.pem >>"$work/key.pem"
input 1 "$work/key.pem" key-pbes2
for certificate in root other-root intermediate broker broker-rsa elsewhere common-name self-signed client client-ed25519 client-p521; do
    openssl x509 -in pki/$certificate.pem -outform DER -out $corpus/der/$certificate
done
