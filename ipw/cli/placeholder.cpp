namespace ipw::cli {}
