"""What `build` and `watch` come to."""

import pytest
from test_load_good import BASE


def built(read, *tables):
    return read(BASE + "".join(f"[functions.{name}]\n{lines}\n" for name, lines in tables)).builds


def test_the_file_of_a_built_function_need_not_exist(read, project):
    [build] = built(read, ("f", 'handler = "dist/f.js"\nbuild = "make f"'))
    assert (build.functions, build.command, build.folder) == (("f",), "make f", str(project))
    assert build.outputs == (str(project / "dist/f.js"),)


@pytest.mark.parametrize(
    ("table", "output"),
    [
        ('handler = "dist/f.mjs:main"', "dist/f.mjs"),
        ('handler = "f.handler"\nroot = "dist"\nruntime = "python"', "dist/f.py"),
        ('handler = "f.handler"\nroot = "dist"\nruntime = "nodejs"', "dist/f.js"),
        ('handler = "lib/f.handler"\nroot = "dist"\nruntime = "nodejs"', "dist/lib/f.js"),
        ('handler = "dist/bootstrap"', "dist/bootstrap"),
        ('handler = "dist/f.js"\nruntime = "cloudfront-js-2.0"', "dist/f.js"),
        ('handler = "main"\nroot = "dist"\nruntime = "provided.al2023"', "dist/bootstrap"),
    ],
)
def test_a_built_function_is_written_in_any_form(read, project, table, output):
    loaded = read(f'{BASE}[functions.f]\n{table}\nbuild = "make"\n', strictness="lenient")
    assert loaded.builds[0].outputs == (str(project / output),)
    assert loaded.config.functions["f"].root == str(project / "dist")


def test_without_a_runtime_the_module_of_a_built_function_is_refused(refusal):
    [line] = refusal(f'{BASE}[functions.f]\nhandler = "f.handler"\nroot = "dist"\nbuild = "make"\n')
    assert "say 'python' or 'nodejs'" in line


def test_by_default_all_below_the_configuration_is_read_but_not_what_is_written_or_served(read, project):
    [build] = built(read, ("f", 'handler = "dist/f.js"\nbuild = "make"'))
    for name in ("src/f.ts", "package.json", "deep/er/f.ts"):
        assert build.reads(str(project / name)), name
    for name in ("dist/f.js", "dist/chunk.js", "node_modules/a/b.js", "x/node_modules/a.js", "public/index.html"):
        assert not build.reads(str(project / name)), name


def test_a_root_bounds_what_is_read(read, project):
    [build] = built(read, ("f", 'handler = "fns/auth/dist/f.js"\nroot = "fns/auth"\nbuild = "make"'))
    assert build.reads(str(project / "fns/auth/src/f.ts"))
    assert not build.reads(str(project / "fns/other/f.ts"))
    assert not build.reads(str(project / "fns/auth/dist/f.js"))


def test_what_is_written_beside_the_sources_is_not_read(read, project):
    [build] = built(read, ("f", 'handler = "f.js"\nbuild = "tsc"'))
    assert build.reads(str(project / "f.ts"))
    assert not build.reads(str(project / "f.js"))
    assert not build.reads(str(project / "f.js.map"))


def test_patterns_take_the_place_of_the_default_but_never_mean_the_output(read, project):
    [build] = built(
        read, ("f", 'handler = "dist/f.js"\nbuild = "make"\nwatch = ["src/**/*.ts", "dist/**", "../shared"]')
    )
    assert build.reads(str(project / "src/a.ts"))
    assert build.reads(str(project / "dist/data.json"))
    assert build.reads(str(project.parent / "shared/a.ts"))
    assert not build.reads(str(project / "package.json"))
    assert not build.reads(str(project / "dist/f.js"))


def test_functions_of_one_command_share_a_build(read, project):
    table = 'handler = "dist/{}.js"\nbuild = "make"'
    [build] = built(read, ("f", table.format("f")), ("g", table.format("g")))
    assert build.functions == ("f", "g")
    assert build.outputs == (str(project / "dist/f.js"), str(project / "dist/g.js"))


def test_files_alone_are_watched_without_a_build(read, project):
    [build] = built(read, ("f", 'handler = "fns/ab_test.py"\nwatch = ["data/*.csv"]'))
    assert (build.command, build.outputs) == ("", ())
    assert build.reads(str(project / "data/a.csv"))


def test_a_function_without_both_has_no_build(read):
    assert built(read, ("f", 'handler = "fns/ab_test.py"')) == ()
