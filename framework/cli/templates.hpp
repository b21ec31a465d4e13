// The files of examples/plugin-template, as they are in this program.
#pragma once

#include <span>
#include <string_view>

namespace penstock::cli {

struct TemplateFile {
  std::string_view path, text;
};

std::span<const TemplateFile> template_project();         // what every kind has
std::string_view template_source(std::string_view kind);  // src/<kind>.cpp; empty: there is no such kind
std::span<const std::string_view> template_kinds();

}  // namespace penstock::cli
