# Make the program of an installed wheel run from a virtual environment beside it, without setting any variable.
# In: its name; $out with bin/NAME and its modules; $python, the interpreter; $site, the folder of modules below a
# prefix; $modules, those of its packages, by colons. Out: $out/libexec/NAME/, and bin/NAME as a link into it.
set -eu
name=$1
venv=$out/libexec/$name

mkdir -p "$venv/bin" "$venv/$site"
ln -s "$python" "$venv/bin/python3"
printf 'home = %s\ninclude-system-site-packages = false\n' "$(dirname "$python")" >"$venv/pyvenv.cfg"
printf '%s\n' "$out/$site:$modules" | tr ':' '\n' >"$venv/$site/$name.pth"

# looop looks for itself beside its interpreter.
{
    printf '#!%s\n' "$venv/bin/python3"
    tail -n +2 "$out/bin/$name"
} >"$venv/bin/$name"
chmod 555 "$venv/bin/$name"
ln -sf "$venv/bin/$name" "$out/bin/$name"
