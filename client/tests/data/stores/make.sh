#!/usr/bin/env bash
# Makes every file beside it: authorities, certificates and keys by openssl 3, and stores of them by the keytools that
# are here and by openssl. Certificates hold from 2020 to 2099: a test that wants an expired one sets its own clock.
#   ./make.sh            needs openssl 3 (with its legacy provider) and keytool of 17 and of 25
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
keytool17=${KEYTOOL17:-/usr/lib/jvm/java-17-openjdk-amd64/bin/keytool}
keytool25=${KEYTOOL25:-/usr/lib/jvm/temurin-25-jdk-amd64/bin/keytool}
rm -rf pki stores keys
mkdir -p pki stores keys
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
from=20200101000000Z to=20991231235959Z

key() { # NAME KIND
    case $2 in
    rsa) openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "pki/$1.key" ;;
    ec) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "pki/$1.key" ;;
    p384) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "pki/$1.key" ;;
    p521) openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out "pki/$1.key" ;;
    ed25519) openssl genpkey -quiet -algorithm ED25519 -out "pki/$1.key" ;;
    esac
}

# An authority's little book-keeping, which `openssl ca` wants.
book() { # NAME
    mkdir -p "$work/$1"
    touch "$work/$1/index.txt"
    openssl rand -hex 8 >"$work/$1/serial"
    echo 01 >"$work/$1/crlnumber"
    cat >"$work/$1/ca.cnf" <<CNF
[ca]
default_ca = it
[it]
dir = $work/$1
database = $work/$1/index.txt
new_certs_dir = $work/$1
serial = $work/$1/serial
crlnumber = $work/$1/crlnumber
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
organizationName = optional
commonName = supplied
CNF
}

signed() { # NAME KIND ISSUER SUBJECT EXTENSIONS
    key "$1" "$2"
    openssl req -new -key "pki/$1.key" -subj "$4" -out "$work/$1.csr"
    printf '%b' "$5" >"$work/$1.ext"
    local self=()
    [ "$3" != "$1" ] || { book "$1"; self=(-selfsign); }
    openssl ca -batch -notext -config "$work/$3/ca.cnf" "${self[@]}" \
        $([ "$3" = "$1" ] || echo -cert "pki/$3.pem") -keyfile "pki/$3.key" \
        -startdate $from -enddate $to -in "$work/$1.csr" -extfile "$work/$1.ext" -out "pki/$1.pem" 2>"$work/log" ||
        { cat "$work/log"; exit 1; }
}

authority='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
server='basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n'
client='basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n'
local='subjectAltName=DNS:localhost,DNS:*.kafka.test,IP:127.0.0.1,IP:::1\n'

signed root ec root '/O=Example/CN=Example Root' "$authority"
signed other-root ec other-root '/O=Other/CN=Other Root' "$authority"
# Another one's key under the first one's name.
signed false-root ec false-root '/O=Example/CN=Example Root' "$authority"
signed intermediate ec root '/O=Example/CN=Example Intermediate' "$authority"
book intermediate
signed broker ec intermediate '/O=Example/CN=broker' "$server$local"
signed broker-rsa rsa root '/O=Example/CN=broker-rsa' "$server$local"
signed revoked ec root '/O=Example/CN=revoked' "$server$local"
signed elsewhere ec root '/O=Example/CN=elsewhere' "${server}subjectAltName=DNS:kafka-1.example,DNS:kafka-2.example,IP:10.0.0.1\n"
signed common-name ec root '/O=Example/CN=localhost' "$server"
# What is left of it without its control character is another name.
signed hidden-name ec root $'/O=Example/CN=local\001host' "$server"
# An authority that may vouch for names of good.test alone, and what it vouches for all the same.
signed constrained ec root '/O=Example/CN=Example Constrained' "${authority}nameConstraints=critical,permitted;DNS:good.test\n"
book constrained
signed beyond ec constrained '/O=Example/CN=localhost' "$server"
cat pki/beyond.pem pki/constrained.pem >pki/beyond-chain.pem
signed for-clients ec root '/O=Example/CN=for-clients' "$client$local"
signed self-signed ec self-signed '/CN=localhost' "${authority}subjectAltName=DNS:localhost,IP:127.0.0.1\n"
# Another certificate under the name of a broker's.
signed same-name ec same-name '/O=Example/CN=broker-rsa' "$authority"
signed client ec root '/O=Example/CN=client' "$client"
signed client-p384 p384 root '/O=Example/CN=client-p384' "$client"
signed client-p521 p521 root '/O=Example/CN=client-p521' "$client"
signed client-rsa rsa intermediate '/O=Example/CN=client-rsa' "$client"
signed client-ed25519 ed25519 root '/O=Example/CN=client-ed25519' "$client"
signed stranger ec other-root '/O=Other/CN=stranger' "$client"

# Lists: the root's, which revokes one; the intermediate's, which revokes none; the root's, which revokes the intermediate;
# one that is out of date.
crl() { # AUTHORITY OUT DAYS
    openssl ca -config "$work/$1/ca.cnf" -cert "pki/$1.pem" -keyfile "pki/$1.key" -gencrl \
        -crl_lastupdate ${4:-$from} -crl_nextupdate ${3:-$to} -out "pki/$2.crl" 2>"$work/log" || { cat "$work/log"; exit 1; }
}
revoke() { openssl ca -config "$work/$1/ca.cnf" -cert "pki/$1.pem" -keyfile "pki/$1.key" -revoke "pki/$2.pem" 2>"$work/log"; }
revoke root revoked
crl root root
crl root out-of-date 20210101000000Z
crl intermediate intermediate
revoke root intermediate
crl root without-intermediate
cat pki/root.crl pki/intermediate.crl >pki/all.crl
cat pki/broker.pem pki/intermediate.pem >pki/broker-chain.pem
cat pki/client-rsa.pem pki/intermediate.pem >pki/client-rsa-chain.pem

# Keys in every dress: the password is 'key-secret'.
pass=(-passout pass:key-secret)
openssl pkcs8 -topk8 -in pki/client.key "${pass[@]}" -out keys/pbes2-aes256-sha256.pem
openssl pkcs8 -topk8 -in pki/client.key -v2 aes-128-cbc -v2prf hmacWithSHA1 "${pass[@]}" -out keys/pbes2-aes128-sha1.pem
openssl pkcs8 -topk8 -in pki/client.key -v2 aes-192-cbc -v2prf hmacWithSHA384 "${pass[@]}" -out keys/pbes2-aes192-sha384.pem
openssl pkcs8 -topk8 -in pki/client.key -v2 aes-256-cbc -v2prf hmacWithSHA512 "${pass[@]}" -out keys/pbes2-aes256-sha512.pem
openssl pkcs8 -topk8 -in pki/client.key -v2 des3 "${pass[@]}" -out keys/pbes2-3des.pem
for old in PBE-SHA1-3DES PBE-SHA1-2DES PBE-SHA1-RC2-128 PBE-SHA1-RC2-40 PBE-MD5-DES PBE-SHA1-DES PBE-MD5-RC2-64 PBE-SHA1-RC2-64; do
    openssl pkcs8 -provider legacy -provider default -topk8 -in pki/client.key -v1 $old "${pass[@]}" -out "keys/pbes1-${old#PBE-}.pem"
done
openssl pkcs8 -topk8 -in pki/client.key -scrypt "${pass[@]}" -out keys/scrypt.pem
openssl ec -in pki/client.key -out keys/sec1.pem 2>/dev/null
openssl rsa -in pki/client-rsa.key -traditional -out keys/pkcs1.pem 2>/dev/null
openssl rsa -in pki/client-rsa.key -traditional -aes128 "${pass[@]}" -out keys/openssl-own.pem 2>/dev/null

# Stores by openssl: the password is 'store-secret'.
export=(-export -inkey pki/client.key -in pki/client.pem -certfile pki/root.pem -name mine -passout pass:store-secret)
openssl pkcs12 "${export[@]}" -out stores/openssl3.p12
openssl pkcs12 "${export[@]}" -legacy -out stores/openssl1.p12
openssl pkcs12 "${export[@]}" -macalg sha384 -iter 5000 -out stores/openssl3-sha384.p12
openssl pkcs12 "${export[@]}" -nomac -out stores/openssl3-nomac.p12
openssl pkcs12 -export -inkey pki/client-rsa.key -in pki/client-rsa-chain.pem -name chain -passout pass:store-secret -out stores/openssl3-chain.p12
openssl pkcs12 -export -inkey pki/client.key -in pki/client.pem -keypbe NONE -certpbe NONE -nomac -passout pass: -out stores/openssl3-open.p12
openssl pkcs12 -export -nokeys -in pki/root.pem -passout pass:store-secret -out stores/openssl3-trust.p12
openssl pkcs12 -export -inkey pki/client.key -in pki/client.pem -name mine -passout pass: -out stores/openssl3-empty-password.p12

# Stores by keytool: three keys of three kinds, and two authorities.
quiet() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }
one() { openssl pkcs12 -export -inkey "pki/$1.key" -in "$2" -name "$1" -passout pass:store-secret -out "$work/$1.p12"; }
one client pki/client.pem
one client-rsa pki/client-rsa-chain.pem
one client-ed25519 pki/client-ed25519.pem
keys() { # KEYTOOL OUT TYPE KEYPASS FLAGS… : every key in one store
    local keytool=$1 out=$2 type=$3 keypass=$4 alias
    shift 4
    for alias in client client-rsa client-ed25519; do
        quiet "$keytool" "$@" -importkeystore -noprompt -srckeystore "$work/$alias.p12" -srcstoretype PKCS12 \
            -srcstorepass store-secret -srcalias $alias -destkeystore "stores/$out" -deststoretype "$type" \
            -deststorepass store-secret -destkeypass "$keypass"
    done
}
trust() { # KEYTOOL OUT TYPE FLAGS…
    local keytool=$1 out=$2 type=$3 alias
    shift 3
    for alias in root other-root; do
        quiet "$keytool" "$@" -importcert -noprompt -alias $alias -file "pki/$alias.pem" -keystore "stores/$out" \
            -storetype "$type" -storepass store-secret
    done
}
as8=(-J-Dkeystore.pkcs12.legacy=true) # what keytool 8 writes: 3DES, RC2 of 40 bits, a MAC of SHA-1
keys "$keytool17" keytool17.p12 PKCS12 store-secret
keys "$keytool25" keytool25.p12 PKCS12 store-secret
keys "$keytool17" keytool8.p12 PKCS12 store-secret "${as8[@]}"
keys "$keytool17" keytool.jks JKS store-secret
keys "$keytool17" keytool-two-passwords.jks JKS key-secret
trust "$keytool17" keytool17-trust.p12 PKCS12
trust "$keytool25" keytool25-trust.p12 PKCS12
trust "$keytool17" keytool8-trust.p12 PKCS12 "${as8[@]}"
trust "$keytool17" keytool-trust.jks JKS
trust "$keytool17" keytool17-open-trust.p12 PKCS12 -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE
quiet "$keytool17" -importkeystore -noprompt -srckeystore "$work/client.p12" -srcstoretype PKCS12 -srcstorepass store-secret \
    -destkeystore stores/keytool.jceks -deststoretype JCEKS -deststorepass store-secret
chmod -R u=rwX,go=rX .
