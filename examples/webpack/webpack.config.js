export default {
  mode: 'production',
  entry: './main.js',
  experiments: { outputModule: true },
  output: { filename: '[name].js', chunkFilename: '[name].js', module: true, clean: true },
};
