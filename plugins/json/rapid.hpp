// RapidJSON as this plugin uses it: its assertions become exceptions, which the codec turns into errors.
#pragma once

#include <stdexcept>

#define RAPIDJSON_ASSERT(x) \
  ((x) ? static_cast<void>(0) : throw std::logic_error("the value showed itself in a wrong order: " #x))

#ifdef __SSE2__
#define RAPIDJSON_SSE2  // texts are scanned 16 octets at a time, up to 15 past their end: see json.cpp
#endif

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>
#include <rapidjson/writer.h>
