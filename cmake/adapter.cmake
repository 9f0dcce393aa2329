# exhibit_adapter_module(NAME SOURCES ... [LIBS ...]): the module libexhibit-adapter-NAME.so, with one exported symbol. It stays
# mapped once it is loaded.
function(exhibit_adapter_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  set(exports ${PROJECT_SOURCE_DIR}/cmake/adapter_exports.map)
  add_library(exhibit-adapter-${name} MODULE ${ARG_SOURCES})
  target_link_libraries(exhibit-adapter-${name} PRIVATE exhibit_options ${ARG_LIBS})
  target_link_options(exhibit-adapter-${name} PRIVATE
    -Wl,--version-script=${exports} -Wl,--no-undefined -Wl,-z,nodelete -Wl,--exclude-libs,ALL)
  set_target_properties(exhibit-adapter-${name} PROPERTIES LINK_DEPENDS ${exports})
endfunction()
