#!/usr/bin/env bash
# Builds a real Kubernetes API server from Debian's source package, once, and prints the folder that holds
# `kube-apiserver`, `etcd` and `kubectl` (the layout that KUBEBUILDER_ASSETS names).
# Needs root on Debian 12; about 4 minutes and 1.5 GB on two cores the first time, at once afterwards.
# Messages go to stderr, the folder to stdout.
set -euo pipefail
assets=${XDG_CACHE_HOME:-$HOME/.cache}/kube-control-plane/1.20.2
if [[ ! -x $assets/kube-apiserver || ! -x $assets/etcd ]]; then
  {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # kubernetes 1.20.2 is the newest whose full source Debian carries; it lives in this release
    release=bookworm
    # shellcheck disable=SC2016 # apt puts it in
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $release" | head -n 1)
    mkdir -p "$work"/{lists/partial,cache,tree}
    echo "deb-src $uri $release main" >"$work/sources.list"
    apt=(apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
      -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache")
    apt-get -q update
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y golang-1.19-go etcd-server rsync dpkg-dev make \
      golang-github-modern-go-reflect2-dev
    command -v kubectl >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get -q install -y kubernetes-client
    "${apt[@]}" update
    (cd "$work" && "${apt[@]}" source --download-only kubernetes && dpkg-source --no-check -x ./*.dsc "$work/tree/src")
    # the reflect2 in its vendor folder crashes under this Go on the first custom resource; Debian's own is newer
    rm "$work"/tree/src/vendor/github.com/modern-go/reflect2/*.go
    cp /usr/share/gocode/src/github.com/modern-go/reflect2/*.go "$work/tree/src/vendor/github.com/modern-go/reflect2/"
    (cd "$work/tree/src" && PATH=/usr/lib/go-1.19/bin:$PATH GOPATH=$work/go GOFLAGS='' CGO_ENABLED=0 \
      KUBE_GIT_VERSION=v1.20.2 make WHAT=cmd/kube-apiserver)
    mkdir -p "$assets"
    install -m 755 "$work"/tree/src/_output/local/bin/linux/*/kube-apiserver "$assets/kube-apiserver"
    ln -sf "$(command -v etcd)" "$assets/etcd"
    ln -sf "$(command -v kubectl)" "$assets/kubectl"
    chmod -R u+w "$work" # the Go cache writes read-only folders
  } >&2
fi
echo "$assets"
