# Each kind of client by its own package manager, into target/clients. An installation that fails prints why, last.
# Nothing is compiled but our own programs, and no script of a package runs.
target=${CARGO_TARGET_DIR:-$here/../../target}
home=$(realpath -m "$target")/clients

kind_of() {
    case $1 in
        confluent-kafka | kafka-python | aiokafka) echo python ;;
        kafkajs | platformatic) echo node ;;
        franz-go | sarama | kafka-go) echo go ;;
        java | console) echo java ;;
        kcat) echo kcat ;;
        *) echo "no client '$1'" >&2; return 1 ;;
    esac
}

# Whether what that file names is installed already.
has() { cmp -s "$here/$1" "$home/$1"; }

install_python() {
    command -v python3 >/dev/null || { echo "python3 is missing"; return 1; }
    ! has python/requirements.txt || return 0
    rm -rf "$home/python"
    python3 -m venv "$home/python" &&
        "$home/python/bin/pip" install -q --disable-pip-version-check --only-binary :all: \
            -r "$here/python/requirements.txt" &&
        cp "$here/python/requirements.txt" "$home/python"
}

# Node looks for packages beside the program, so the programs go there too.
install_node() {
    command -v npm >/dev/null || { echo "npm is missing"; return 1; }
    mkdir -p "$home/node"
    cp "$here"/node/*.mjs "$here/node/package.json" "$home/node"
    ! has node/package-lock.json || return 0
    cp "$here/node/package-lock.json" "$home/node"
    npm ci --silent --ignore-scripts --no-audit --no-fund --prefix "$home/node" ||
        { rm "$home/node/package-lock.json"; echo "npm ci failed"; return 1; }
}

install_go() {
    command -v go >/dev/null || { echo "go is missing"; return 1; }
    cd "$here/go" && GOFLAGS="-modcacherw -buildvcs=false" GOMODCACHE=$home/go/modules GOCACHE=$home/go/cache \
        CGO_ENABLED=0 go build -o "$home/go/clients" .
}

# Debian's packages unpacked, so that nobody needs to be root; a kcat that is installed is taken as it is.
install_kcat() {
    ! command -v kcat >/dev/null || return 0
    [ ! -e "$home/kcat/unpacked" ] || return 0
    command -v apt-get >/dev/null || { echo "kcat is missing, and this is no Debian"; return 1; }
    rm -rf "$home/kcat"
    mkdir -p "$home/kcat" && cd "$home/kcat" && apt-get download -qq kcat librdkafka1 libyajl2 || return 1
    for package in *.deb; do dpkg -x "$package" . || return 1; done
    touch unpacked
}

install_java() {
    command -v javac >/dev/null || { echo "a JDK is missing"; return 1; }
    if ! has java/pom.xml; then
        command -v mvn >/dev/null || { echo "mvn is missing"; return 1; }
        rm -rf "$home/java"
        mvn -q -B -f "$here/java/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
            -DoutputDirectory="$home/java/lib" && cp "$here/java/pom.xml" "$home/java" || return 1
    fi
    javac -cp "$home/java/lib/*" -d "$home/java/classes" "$here"/java/*.java
}
