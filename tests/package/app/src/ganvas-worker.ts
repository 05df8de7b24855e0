import 'ganvas/worker';
