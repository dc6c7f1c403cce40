# Fetches the code of a run, then becomes its command.
set -u
url=$SLIPWAY_GIT_URL commit=$SLIPWAY_GIT_COMMIT
unset SLIPWAY_GIT_URL SLIPWAY_GIT_COMMIT
rm -rf .slipway
fail() { echo "The code could not be fetched: $1" >&2; exit 113; }
command -v git > /dev/null || fail "git is not installed on this machine."
echo "Fetching $url at $commit"
git init --quiet . || fail "its folder could not be made."
# A server may refuse to hand out a single commit; then everything is fetched.
if ! git fetch --quiet --depth 1 -- "$url" "$commit" 2> /dev/null; then
    git fetch --quiet --tags -- "$url" '+refs/heads/*:refs/remotes/origin/*' || fail "$url does not hand it out."
fi
git -c advice.detachedHead=false checkout --quiet --detach "$commit" || fail "$url has no commit $commit."
exec "$@"
