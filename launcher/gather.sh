#!/bin/sh
# Put a release together: sh launcher/gather.sh FOLDER OWNER/NAME
#
# In FOLDER lies looop-<version>-<os>-<arch> for each machine. To these are added the manual page, as one of them
# prints it, install.sh with the repository's address, and SHA256SUMS over everything.
set -eu

folder=$1
repository=$2
here=$(CDPATH='' cd -- "$(dirname "$0")" && pwd)
cd "$folder"

case $repository in
*[!A-Za-z0-9./_-]* | */*/* | [!A-Za-z0-9]*) repository= ;;
?*/?*) ;;
*) repository= ;;
esac
if [ -z "$repository" ]; then
    echo "gather.sh: give the repository as OWNER/NAME" >&2
    exit 1
fi

chmod 755 looop-*
runs=$(echo looop-*-linux-"$(uname -m)")
"./$runs" help --man >looop.1
sed "s|OWNER/looop|$repository|" "$here/install.sh" >install.sh
LC_ALL=C sha256sum looop-* looop.1 install.sh >SHA256SUMS
cat SHA256SUMS
