// Precompiled for all unit tests.
#include <catch2/catch.hpp>

#include "lib/pch/dts_pch.hpp"
