// Files that are there whole or not at all, on storage that knows no locks: NFS too.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace filesystem {

// Errors of the operating system come out of all of these as std::system_error that names the path. Then
// publish() has made nothing for others to see, write() may have made part of a file, and put_folder() may
// have put the folder there without its name being on the disk.

// Thrown when something may have changed, or not.
struct Uncertain : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The content of a file that write() or publish() made; nothing: there is no such file. Throws
// std::runtime_error when it is not what was written.
std::optional<std::string> read(const std::string& path);

// A new file, with its content's length and checksum; on the disk when it returns, if `sync` is set.
void write(const std::string& path, std::string_view content, bool sync);

// Writes a file of that name if and only if there is none: of many who try, one succeeds, as link(2) is
// atomic and never replaces. It is written under the name `scratch` first, which is gone afterwards. False:
// the name is taken, or its folder is gone. May throw Uncertain.
bool publish(const std::string& path, std::string_view content, const std::string& scratch, bool sync);

// Has the names in a folder on the disk.
void sync_folder(const std::string& folder);

// Puts a folder in its place; false: another one is there. If `sync` is set the names in it are on the disk
// before that, and its own when it returns.
bool put_folder(const std::string& from, const std::string& to, bool sync);

}  // namespace filesystem
