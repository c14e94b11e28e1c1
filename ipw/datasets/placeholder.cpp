namespace ipw::datasets {}
