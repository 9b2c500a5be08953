#!/usr/bin/env bash
# Makes `old/`: the stores and keys of make.sh's certificates as the old tools themselves write them, keytool 8 and
# OpenSSL 1.1. README.md beside it says where those are to be had.
#   KEYTOOL8=… OPENSSL11=… ./old.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
keytool=${KEYTOOL8:?keytool of Java 8} openssl=${OPENSSL11:?openssl 1.1}
case $("$openssl" version) in "OpenSSL 1.1."*) ;; *) echo "$openssl is not OpenSSL 1.1" >&2 && exit 1 ;; esac
rm -rf old
mkdir old
work=old/work # beside the rest: a keytool may live in a root of its own
mkdir $work
trap 'rm -rf $work' EXIT
quiet() { "$@" >$work/log 2>&1 || { cat $work/log; exit 1; }; }

# OpenSSL's stores, by its defaults (the keys by 3DES, the certificates by RC2 of 40 bits, a MAC of SHA-1), and as people
# bend them.
export() { # OUT KEY CERTIFICATES FLAGS…
    local out=$1 key=$2 chain=$3
    shift 3
    quiet "$openssl" pkcs12 -export -inkey "pki/$key.key" -in "pki/$chain.pem" -passout pass:store-secret -out "$out" "$@"
}
export old/openssl11.p12 client client -certfile pki/root.pem -name mine
export old/openssl11-chain.p12 client-rsa client-rsa-chain -name chain -caname above
export old/openssl11-p384.p12 client-p384 client-p384 -name mine
export old/openssl11-p521.p12 client-p521 client-p521 -name mine
export old/openssl11-ed25519.p12 client-ed25519 client-ed25519 -name mine
export old/openssl11-nameless.p12 client client
export old/openssl11-descert.p12 client client -name mine -descert
export old/openssl11-aes.p12 client client -name mine -keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256
export old/openssl11-nomac.p12 client client -name mine -nomac
export old/openssl11-noiter.p12 client client -name mine -noiter -nomaciter
quiet "$openssl" pkcs12 -export -nokeys -in pki/root.pem -certfile pki/other-root.pem -caname root -passout pass:store-secret \
    -out old/openssl11-trust.p12

# OpenSSL's keys in PEM: the password is 'key-secret'.
seal() { quiet "$openssl" pkcs8 -topk8 -in "pki/$1.key" -passout pass:key-secret -out "old/$2.pem" "${@:3}"; }
seal client pkcs8-default
seal client-rsa pkcs8-rsa
seal client-ed25519 pkcs8-ed25519
seal client pkcs8-v2-des3 -v2 des3
seal client pkcs8-v2-aes128 -v2 aes-128-cbc
seal client pkcs8-v2-aes256-sha1 -v2 aes-256-cbc -v2prf hmacWithSHA1
seal client pkcs8-v2-rc2 -v2 rc2
seal client-rsa pkcs8-v1 -v1 PBE-MD5-DES
for old in PBE-SHA1-3DES PBE-SHA1-2DES PBE-SHA1-RC2-128 PBE-SHA1-RC2-40 PBE-SHA1-RC4-128 PBE-SHA1-DES PBE-MD5-RC2-64 PBE-SHA1-RC2-64; do
    seal client "pkcs8-v1-${old#PBE-}" -v1 $old
done
seal client pkcs8-v1-noiter -v1 PBE-SHA1-3DES -noiter
# As `openssl genrsa` and `ecparam -genkey` left them: the curve stands before the key.
quiet "$openssl" rsa -in pki/client-rsa.key -out old/rsa.pem
quiet "$openssl" rsa -in pki/client-rsa.key -aes256 -passout pass:key-secret -out old/rsa-own.pem
quiet "$openssl" ecparam -name prime256v1 -out old/ec.pem
quiet "$openssl" ec -in pki/client.key -out $work/ec.pem
cat $work/ec.pem >>old/ec.pem
# What `openssl pkcs12 -in` prints of a store: attributes and subjects between the blocks.
quiet "$openssl" pkcs12 -in old/openssl11-chain.p12 -passin pass:store-secret -nodes -out old/printed.pem
quiet "$openssl" pkcs12 -in old/openssl11-chain.p12 -passin pass:store-secret -passout pass:key-secret -out old/printed-sealed.pem
# What `openssl x509 -text` prints, and the form that only OpenSSL has.
quiet "$openssl" x509 -in pki/root.pem -text -out old/text.pem
quiet "$openssl" x509 -in pki/root.pem -trustout -out old/trusted.pem

# keytool's stores: JKS, which is what it makes unless told otherwise; PKCS12 by its defaults (3DES, RC2 of 40 bits, a MAC
# of SHA-1) and with the ciphers that its java.security offers beside them. Java 8 knows no Ed25519.
keys() { # OUT KEYPASS FLAGS…
    local out=$1 keypass=$2 alias
    shift 2
    for alias in client client-rsa client-p384; do
        local chain=$alias
        [ $alias = client-rsa ] && chain=client-rsa-chain
        [ -e $work/$alias.p12 ] || export $work/$alias.p12 $alias $chain -name $alias
        quiet "$keytool" -importkeystore -noprompt -srckeystore $work/$alias.p12 -srcstoretype PKCS12 \
            -srcstorepass store-secret -srcalias $alias -destkeystore "old/$out" -deststorepass store-secret \
            -destkeypass "$keypass" "$@"
    done
}
trust() { # OUT FLAGS…
    local out=$1 alias
    shift
    for alias in root other-root; do
        quiet "$keytool" -importcert -noprompt -alias $alias -file pki/$alias.pem -keystore "old/$out" -storepass store-secret "$@"
    done
}
aes=(-J-Dkeystore.pkcs12.certProtectionAlgorithm=PBEWithHmacSHA256AndAES_256
    -J-Dkeystore.pkcs12.keyProtectionAlgorithm=PBEWithHmacSHA256AndAES_256 -J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA256)
keys keytool8.jks store-secret
keys keytool8-two-passwords.jks key-secret
keys keytool8.p12 store-secret -deststoretype PKCS12
keys keytool8-aes.p12 store-secret "${aes[@]}" -deststoretype PKCS12
trust keytool8-trust.jks
trust keytool8-trust.p12 -storetype PKCS12
trust keytool8-aes-trust.p12 "${aes[@]}" -storetype PKCS12
# As its manual begins: a key of its own, and what it signs for itself.
for alias in own-rsa own-ec; do
    kind=(-keyalg RSA -keysize 2048)
    [ $alias = own-ec ] && kind=(-keyalg EC -keysize 256)
    quiet "$keytool" -genkeypair -alias $alias "${kind[@]}" -dname "CN=$alias, O=Example" -validity 36500 \
        -keystore old/keytool8-own.jks -storepass store-secret -keypass store-secret
    quiet "$keytool" -exportcert -rfc -alias $alias -keystore old/keytool8-own.jks -storepass store-secret -file old/$alias.pem
done
quiet "$keytool" -importkeystore -noprompt -srckeystore $work/client.p12 -srcstoretype PKCS12 -srcstorepass store-secret \
    -destkeystore old/keytool8.jceks -deststoretype JCEKS -deststorepass store-secret
chmod -R u=rwX,go=rX old
