// The code of Asio and Beast, compiled once: their headers only declare it elsewhere
// (BOOST_ASIO_SEPARATE_COMPILATION in meson.build), which halves what each user of them takes to
// compile.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
