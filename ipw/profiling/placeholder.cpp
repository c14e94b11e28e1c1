namespace ipw::profiling {}
