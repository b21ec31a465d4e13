"""A field that cannot be stored, or names that clash: the compiler gives one error, in plain words.

Usage: refused_type.py INCLUDE_DIR COMPILER...
"""
import subprocess
import sys

HEAD = """
#include <penstock/fields.hpp>
struct Inner {};
struct Job { %s a{}; int b = 0; };
template <> inline constexpr auto penstock::fields<Job> = std::tuple{
    penstock::field{"a", &Job::a}, penstock::field{"%s", &Job::b%s}};
void use(penstock::FieldWriter& w, penstock::FieldReader& r) {
  Job job;
  penstock::describe both(job);
  both.write(w);
  both.read(r);
}
"""
CANNOT = "a field of this type cannot be stored"
CASES = [
    (("int", "b", ""), None),
    (("Inner", "b", ""), CANNOT),
    (("const char*", "b", ""), CANNOT),
    (("std::vector<std::vector<int>>", "b", ""), CANNOT),
    (("std::vector<std::optional<int>>", "b", ""), CANNOT),
    (("std::map<int, int>", "b", ""), CANNOT),
    (("long double", "b", ""), CANNOT),
    (("int", "a", ""), "the same name or the same number"),
    (("int", "b", ", 1"), "the same name or the same number"),
    (("int", "b", ", 19500"), "protobuf keeps for itself"),
    (("int", "", ""), "has no name"),
]

include, compiler = sys.argv[1], [word for word in sys.argv[2:] if word != "ccache"]
failures = 0
for parts, wanted in CASES:
    run = subprocess.run([*compiler, "-std=c++20", "-fsyntax-only", "-I", include, "-x", "c++", "-"],
                         input=HEAD % parts, capture_output=True, text=True)
    errors = [line for line in run.stderr.splitlines() if "error:" in line]
    good = not errors if wanted is None else len(errors) == 1 and wanted in errors[0]
    if not good:
        failures += 1
        print(f"{parts}: expected {wanted or 'no error'}, got:", *(errors or ["nothing"]), sep="\n  ")
sys.exit(failures > 0)
