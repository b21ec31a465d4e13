// A shared object that is no plugin.
extern "C" int penstock_plugin_of_another_kind();
extern "C" __attribute__((visibility("default"))) int penstock_plugin_of_another_kind() { return 7; }
